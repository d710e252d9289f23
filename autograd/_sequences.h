/* What _sequences.c computes of sequences of n numbers. Each function returns whether its result is certain to be that of the
   record: where it isn't, the record is asked. */

#ifndef GLASSGRAD_SEQUENCES_H
#define GLASSGRAD_SEQUENCES_H

enum { /* which record, and what `more` is */
    SEQUENCE_NORM = 1,
    SEQUENCE_PRODUCT,
    SEQUENCE_VAR, /* ddof */
    SEQUENCE_STD, /* ddof */
    SEQUENCE_LOG_SOFTMAX /* the component */
};

/* `room` is for n numbers, and so is `slopes`: the local gradients, where z is the value. */
int sequence_value(int which, const double *xs, int n, double more, double *room, double *z);
int sequence_slopes(int which, const double *xs, int n, double more, double *room, double z, double *slopes);

/* logsumexp where the largest number and the logarithm of the rest cancel. */
int sequence_cancelling(const double *xs, int n, double top, double *z);

#endif
