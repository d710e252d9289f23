/* What _sequences.c computes. The functions of sequences of n numbers return whether their result is certain to be that of the
   record, and the others clear `ok` where theirs isn't. Then the record is asked. */

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

/* What takes more digits than a double has. */
double exact_erfinv(double y, int *ok);
double exact_erfinv_dx(double y, int *ok);
double exact_gamma(double x, int *ok);
double exact_gamma_dx(double x, int *ok);
double exact_lgamma(double x, int *ok);
double exact_digamma(double x, int *ok);
double exact_polygamma(double n, double x, int *ok);
double exact_sinc(double x, int *ok);
double exact_sinc_dx(double x, int *ok);
double exact_sinc_dn(double n, double x, int *ok);
double exact_power_dx(double x, double y, int *ok);
double exact_power_dy(double x, double y, int *ok);

#endif
