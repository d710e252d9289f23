/* The loops of `_lanes.h` for one instruction set: V is a vector of WIDTH doubles and M what a comparison of two gives. */

#define TWO (2 * WIDTH)
#define EACH LANE_UNROLLED for (k = 0; k < lanes; k += WIDTH)

/* z = x + y exactly, the rounded sum in `high` and what it left out in `rest` (Knuth, "The art of computer programming", 4.2.2). */
#define TWO_SUM(high, rest, x, y)                                                                                              \
    do {                                                                                                                       \
        V first_ = (x), second_ = (y), sum_ = ADD(first_, second_), back_ = SUB(sum_, first_);                                 \
        (rest) = ADD(SUB(first_, SUB(sum_, back_)), SUB(second_, back_));                                                      \
        (high) = sum_;                                                                                                         \
    } while (0)

/* Rounds high + low, where what is still missing is at most `doubt`; the bits of the lanes where that leaves a doubt. */
static unsigned int NAME(rounded)(V high, V low, V doubt, double *z)
{
    V sum, rest;
    M sure;
    TWO_SUM(sum, rest, high, low);
    STORE(z, ADD(sum, SET(0.0)));
    sure = AND(EQUAL(ADD(sum, ADD(rest, doubt)), sum), EQUAL(ADD(sum, SUB(rest, doubt)), sum));
    return BITS(AND(sure, LESS(SIZE(sum), SET(INFINITY)))) ^ ((1u << WIDTH) - 1);
}

static void NAME(exact_dots)(const lane_program *p, lane_work *w, const lane_code *c, size_t k, unsigned int bits)
{
    const size_t n = c->count, lanes = w->lanes;
    const unsigned int *xs = p->rows + c->start, *ys = xs + n;
    double *scratch = w->scratch;
    size_t i;
    for (; bits; bits >>= 1, k++) {
        if (!(bits & 1))
            continue;
        for (i = 0; i < n; i++) {
            scratch[i] = c->kind == LANE_WEIGHTED ? w->shared[xs[i]] : w->values[xs[i] * lanes + k];
            scratch[n + i] = w->values[ys[i] * lanes + k];
        }
        if (!p->exact_dot(scratch, scratch + n, (ptrdiff_t)n, &w->values[c->out * lanes + k]))
            w->failed[k] |= LANE_ASKED;
    }
}

/* The inner product, rounded once: each product and each sum with its error beside it (Ogita, Rump and Oishi, "Accurate sum and
   dot product", 2005). With u = 2**-53 the sum of the errors is off by at most 2 n (n + 1) u**2 times the sum of |x y|; the
   doubt is twice that, and what underflow can have cost. */
static void NAME(dot)(const lane_program *p, lane_work *w, const lane_code *c)
{
    const size_t n = c->count, lanes = w->lanes;
    const unsigned int *xs = p->rows + c->start, *ys = xs + n;
    const V factor = SET((double)n * ((double)n + 1.0) * 5e-32), least = SET((double)n * 4e-323);
    double *z = w->values + c->out * lanes;
    size_t i, k;
    unsigned int bits;
    for (k = 0; k < lanes; k += TWO) {
        const double *values = w->values + k;
        V high0 = SET(0.0), high1 = high0, low0 = high0, low1 = high0, size0 = high0, size1 = high0;
        V x0, x1, y0, y1, product, error, rest;
        for (i = 0; i < n; i++) {
            x0 = LOAD(values + xs[i] * lanes);
            x1 = LOAD(values + xs[i] * lanes + WIDTH);
            y0 = LOAD(values + ys[i] * lanes);
            y1 = LOAD(values + ys[i] * lanes + WIDTH);
            product = MUL(x0, y0);
            error = PRODUCT_ERROR(x0, y0, product);
            size0 = ADD(size0, SIZE(product));
            TWO_SUM(high0, rest, high0, product);
            low0 = ADD(low0, ADD(rest, error));
            product = MUL(x1, y1);
            error = PRODUCT_ERROR(x1, y1, product);
            size1 = ADD(size1, SIZE(product));
            TWO_SUM(high1, rest, high1, product);
            low1 = ADD(low1, ADD(rest, error));
        }
        bits = NAME(rounded)(high0, low0, ADD(MUL(size0, factor), least), z + k);
        bits |= NAME(rounded)(high1, low1, ADD(MUL(size1, factor), least), z + k + WIDTH) << WIDTH;
        if (bits)
            NAME(exact_dots)(p, w, c, k, bits);
    }
}

/* Adds x y to `low` and `high`. The rounded sum moves by `moved`, which is exact (Sterbenz), since `high` stays within a factor of
   two of a number that is larger than all sums; `low` gets what the rounding left out (Rump, Ogita and Oishi, "Accurate
   floating-point summation", 2008, has such an extraction). */
#ifdef FMA
#define EXTRACT(high, low, x, y)                                                                                               \
    do {                                                                                                                       \
        V sum_ = FMA(x, y, high), moved_ = SUB(sum_, high);                                                                    \
        (high) = sum_;                                                                                                         \
        (low) = ADD(low, FMSUB(x, y, moved_));                                                                                 \
    } while (0)
#else
#define EXTRACT(high, low, x, y)                                                                                               \
    do {                                                                                                                       \
        V product_ = MUL(x, y), sum_ = ADD(high, product_), moved_ = SUB(sum_, high);                                          \
        (high) = sum_;                                                                                                         \
        (low) = ADD(low, ADD(SUB(product_, moved_), PRODUCT_ERROR(x, y, product_)));                                           \
    } while (0)
#endif

/* Two vectors of one dot, from what they began with, and what they came to; the bits of the lanes that leave a doubt. */
static unsigned int NAME(extracted)(const V *start, const V *high, const V *low, const V *largest, double operations, double *z)
{
    const V factor = SET(operations * (operations + 1.0) * 1e-31), least = SET(operations * 4e-323);
    unsigned int bits = 0, b;
    int v;
    for (v = 0; v < 2; v++) {
        b = NAME(rounded)(SUB(high[v], start[v]), low[v], ADD(MUL(start[v], factor), least), z + v * WIDTH);
        if (b) { /* nothing but zeros has no doubt, and nan isn't equal to zero */
            const M zeros = AND(EQUAL(largest[v], SET(0.0)), EQUAL(low[v], SET(0.0)));
            STORE(z + v * WIDTH, WHERE(zeros, SET(0.0), LOAD(z + v * WIDTH)));
            b &= ~BITS(zeros);
        }
        bits |= b << (v * WIDTH);
    }
    return bits;
}

/* Dots of shared numbers with the same rows: a layer of neurons. The products are added to a number three times as large as
   their sizes can come to, so that each sum lies between two thirds of it and four thirds. What rounding leaves out of a sum is
   at most 2**-53 of that, so that its own rounding errors, and those of adding them up, come to less than n (n + 1) 1e-31 times
   the number; underflow may cost 5e-324 each time. */
static void NAME(layer)(const lane_program *p, lane_work *w, const lane_code *leader)
{
    const size_t n = leader->count, lanes = w->lanes;
    const unsigned int *ys = p->rows + leader->start + n, *members = p->members + leader->a;
    double *weights = w->scratch + 2 * n, *largest = weights + 2 * n, *packed = largest + lanes;
    size_t i, j, k;
    for (k = 0; k < lanes; k += TWO) { /* the numbers of two vectors of lanes side by side */
        double *to = packed + k * n;
        V most0 = SET(0.0), most1 = most0;
        for (i = 0; i < n; i++) {
            const double *y = w->values + ys[i] * lanes + k;
            const V y0 = LOAD(y), y1 = LOAD(y + WIDTH);
            STORE(to + i * TWO, y0);
            STORE(to + i * TWO + WIDTH, y1);
            most0 = WHERE(LESS(most0, SIZE(y0)), SIZE(y0), most0);
            most1 = WHERE(LESS(most1, SIZE(y1)), SIZE(y1), most1);
        }
        STORE(largest + k, most0);
        STORE(largest + k + WIDTH, most1);
    }
    for (j = 0; j < leader->b; j += 2) { /* two neurons at a time; the last one twice where it has no other */
        const lane_code *c = &p->codes[members[j]], *d = &p->codes[members[j + 1 < leader->b ? j + 1 : j]];
        const unsigned int *xs = p->rows + c->start, *us = p->rows + d->start;
        double whole[4] = {0.0, 0.0, 0.0, 0.0};
        for (i = 0; i < n; i++) {
            weights[2 * i] = w->shared[xs[i]];
            weights[2 * i + 1] = w->shared[us[i]];
        }
        for (i = 0; i + 1 < n; i += 2) {
            whole[0] += fabs(weights[2 * i]);
            whole[1] += fabs(weights[2 * i + 1]);
            whole[2] += fabs(weights[2 * i + 2]);
            whole[3] += fabs(weights[2 * i + 3]);
        }
        if (i < n) {
            whole[0] += fabs(weights[2 * i]);
            whole[1] += fabs(weights[2 * i + 1]);
        }
        for (k = 0; k < lanes; k += TWO) {
            const double *from = packed + k * n;
            const V most[2] = {LOAD(largest + k), LOAD(largest + k + WIDTH)};
            const V share = SET(3.01 * (whole[0] + whole[2])), other = SET(3.01 * (whole[1] + whole[3]));
            const V start[4] = {ADD(MUL(share, most[0]), SET(1e-290)), ADD(MUL(share, most[1]), SET(1e-290)),
                                ADD(MUL(other, most[0]), SET(1e-290)), ADD(MUL(other, most[1]), SET(1e-290))};
            V high0 = start[0], high1 = start[1], high2 = start[2], high3 = start[3];
            V low0 = SET(0.0), low1 = low0, low2 = low0, low3 = low0;
            unsigned int bits;
            for (i = 0; i < n; i++) {
                const V y0 = LOAD(from + i * TWO), y1 = LOAD(from + i * TWO + WIDTH);
                const V x = SET(weights[2 * i]), u = SET(weights[2 * i + 1]);
                EXTRACT(high0, low0, x, y0);
                EXTRACT(high1, low1, x, y1);
                EXTRACT(high2, low2, u, y0);
                EXTRACT(high3, low3, u, y1);
            }
            {
                const V high[4] = {high0, high1, high2, high3}, low[4] = {low0, low1, low2, low3};
                bits = NAME(extracted)(start, high, low, most, (double)n, w->values + c->out * lanes + k);
                if (bits)
                    NAME(exact_dots)(p, w, c, k, bits);
                if (c == d)
                    continue;
                bits = NAME(extracted)(start + 2, high + 2, low + 2, most, (double)n, w->values + d->out * lanes + k);
                if (bits)
                    NAME(exact_dots)(p, w, d, k, bits);
            }
        }
    }
}

/* The sum, rounded once; the bound is that of the dot without its products. */
static void NAME(total)(const lane_program *p, lane_work *w, const lane_code *c)
{
    const size_t n = c->count, lanes = w->lanes;
    const unsigned int *xs = p->rows + c->start;
    const V factor = SET((double)n * ((double)n + 1.0) * 5e-32);
    double *z = w->values + c->out * lanes;
    size_t i, k, j;
    unsigned int bits;
    EACH {
        V high = SET(0.0), low = high, size = high, x, rest;
        for (i = 0; i < n; i++) {
            x = LOAD(w->values + xs[i] * lanes + k);
            size = ADD(size, SIZE(x));
            TWO_SUM(high, rest, high, x);
            low = ADD(low, rest);
        }
        bits = NAME(rounded)(high, low, MUL(size, factor), z + k);
        for (j = k; bits; bits >>= 1, j++) {
            if (!(bits & 1))
                continue;
            for (i = 0; i < n; i++)
                w->scratch[i] = w->values[xs[i] * lanes + j];
            if (!p->exact_total(w->scratch, (ptrdiff_t)n, &z[j]))
                w->failed[j] |= LANE_ASKED;
        }
        if (c->kind == LANE_MEAN)
            STORE(z + k, DIV(LOAD(z + k), SET((double)n)));
    }
}

static void NAME(extreme)(const lane_program *p, lane_work *w, const lane_code *c)
{
    const size_t n = c->count, lanes = w->lanes;
    const unsigned int *xs = p->rows + c->start;
    size_t i, k;
    EACH {
        V best = LOAD(w->values + xs[0] * lanes + k), x = best;
        M odd = UNEQUAL(x, x);
        for (i = 1; i < n; i++) {
            x = LOAD(w->values + xs[i] * lanes + k);
            odd = OR(odd, UNEQUAL(x, x));
            best = c->kind == LANE_LARGEST ? WHERE(LESS(best, x), x, best) : WHERE(LESS(x, best), x, best);
        }
        STORE(w->values + c->out * lanes + k, best);
        if (BITS(odd))
            lane_mark(w->failed + k, BITS(odd));
    }
}

/* By lane, as the native engine does it for one node. */
static void NAME(exponentials)(const lane_program *p, lane_work *w, const lane_code *c, int slopes)
{
    const size_t n = c->count, lanes = w->lanes;
    const unsigned int *xs = p->rows + c->start;
    double *z = w->values + c->out * lanes, *kept = w->kept + c->kept * lanes;
    double *numbers = w->scratch, *found = numbers + n, *more = found + n, *room = more + n;
    size_t i, k;
    int ok;
    if (c->kind == LANE_SOFTMAX && !c->leads) {
        memcpy(z, kept + c->b * lanes, lanes * sizeof(double));
        return;
    }
    slopes = slopes && c->wanted;
    for (k = 0; k < lanes; k++) {
        for (i = 0; i < n; i++)
            numbers[i] = w->values[xs[i] * lanes + k];
        if (c->kind == LANE_LOGSUMEXP) {
            ok = p->logsumexp(numbers, (ptrdiff_t)n, &z[k], slopes ? found : NULL, room);
            for (i = 0; ok && slopes && i < n; i++)
                kept[i * lanes + k] = found[i];
        } else {
            ok = p->softmax(numbers, (ptrdiff_t)n, found, slopes ? more : NULL, room);
            for (i = 0; ok && i < n; i++) {
                kept[i * lanes + k] = found[i];
                if (slopes)
                    kept[(n + i) * lanes + k] = more[i];
            }
            z[k] = kept[c->b * lanes + k];
        }
        if (!ok)
            w->failed[k] |= LANE_ASKED;
    }
}

/* x**n of row `out`, and where `slopes` is set n * x**(n-1), as `kernels.power` and `power_dx` have them; see LANE_MOST_POWER. */
static void NAME(power)(lane_work *w, const lane_code *c, int slopes)
{
    const size_t lanes = w->lanes;
    const unsigned int n = c->count, odd = n & 1;
    const V least = SET(8.636168555094445e-78), most = SET(1.157920892373162e77);
    const V near_least = SET(5.421010862427522e-20), near_most = SET(1.8446744073709552e19);
    double *x = w->values + c->a * lanes, *y = w->values + c->b * lanes, *z = w->values + c->out * lanes;
    double *kept = w->kept + c->kept * lanes, unused;
    size_t k;
    slopes = slopes && c->wanted;
    EACH {
        const V factor = LOAD(x + k);
        V high = factor, low = SET(0.0), before = high, before_low = low, more, product;
        M within, zero;
        unsigned int i, known, asked;
        for (i = 1; i < n; i++) {
            before = high;
            before_low = low;
            product = MUL(high, factor);
            low = ADD(PRODUCT_ERROR(high, factor, product), MUL(low, factor));
            high = ADD(product, low);
            low = ADD(SUB(product, high), low);
        }
        more = WHERE(AND(AT_LEAST(SIZE(high), near_least), AT_MOST(SIZE(high), near_most)), SET(32.0 / 31.0), SET(16.0 / 15.0));
        within = AND(AT_LEAST(SIZE(high), least), AT_MOST(SIZE(high), most));
        zero = EQUAL(factor, SET(0.0));
        STORE(z + k, WHERE(zero, odd ? factor : SET(0.0), high));
        if (slopes) /* 0.0 and no -0.0 where x is zero */
            STORE(kept + k, ADD(MUL(SET((double)n), before), SET(0.0)));
        known = BITS(OR(within, zero));
        asked = ~BITS(OR(EQUAL(ADD(high, MUL(low, more)), high), zero)) & known;
        for (i = 0; asked; asked >>= 1, i++)
            if (asked & 1)
                z[k + i] = pow(x[k + i], (double)n);
        asked = slopes ? ~BITS(OR(EQUAL(ADD(before, MUL(before_low, more)), before), zero)) & known : 0;
        for (i = 0; asked; asked >>= 1, i++)
            if (asked & 1)
                kept[k + i] = (double)n * pow(x[k + i], (double)(n - 1));
        known ^= (1u << WIDTH) - 1;
        for (i = 0; known; known >>= 1, i++) {
            int ok = 1;
            if (!(known & 1))
                continue;
            c->rule(x[k + i], y[k + i], slopes, &z[k + i], slopes ? &kept[k + i] : &unused, &unused, &ok);
            if (!ok)
                w->failed[k + i] |= LANE_ASKED;
        }
    }
}

/* What an instruction does with two rows, or with a row and a number that all lanes share. */
#define ARITHMETIC(DO)                                                                                                         \
    if (c->shared == 1)                                                                                                        \
        EACH STORE(z + k, DO(SET(number), LOAD(y + k)));                                                                       \
    else if (c->shared == 2)                                                                                                   \
        EACH STORE(z + k, DO(LOAD(x + k), SET(number)));                                                                       \
    else                                                                                                                       \
        EACH STORE(z + k, DO(LOAD(x + k), LOAD(y + k)));

static void NAME(forward)(const lane_program *p, lane_work *w, int slopes)
{
    const size_t lanes = w->lanes;
    double *const values = w->values;
    size_t i, k;
    for (i = 0; i < p->count; i++) {
        const lane_code *c = &p->codes[i];
        const double *x = values + c->a * lanes, *y = values + c->b * lanes;
        double *z = values + c->out * lanes, *kept = w->kept + c->kept * lanes;
        const double number = c->shared ? w->shared[c->start] : 0.0;
        switch (c->kind) {
        case LANE_ADD:
            ARITHMETIC(ADD)
            break;
        case LANE_SUBTRACT:
            ARITHMETIC(SUB)
            break;
        case LANE_MULTIPLY:
            ARITHMETIC(MUL)
            break;
        case LANE_DIVIDE:
            if (c->shared == 2 && lane_is_power_of_two(number)) {
                const V inverse = SET(1.0 / number);
                EACH STORE(z + k, MUL(LOAD(x + k), inverse));
                break;
            }
            EACH {
                V divisor = c->shared == 2 ? SET(number) : LOAD(y + k);
                unsigned int bits = BITS(EQUAL(divisor, SET(0.0)));
                STORE(z + k, DIV(c->shared == 1 ? SET(number) : LOAD(x + k), divisor));
                if (bits)
                    lane_mark(w->failed + k, bits);
            }
            break;
        case LANE_NEGATE:
            EACH STORE(z + k, NEGATIVE(LOAD(x + k)));
            break;
        case LANE_COPY:
        case LANE_STOP:
            EACH STORE(z + k, LOAD(x + k));
            break;
        case LANE_ABSOLUTE:
            EACH STORE(z + k, SIZE(LOAD(x + k)));
            break;
        case LANE_SQUARE:
            EACH STORE(z + k, MUL(LOAD(x + k), LOAD(x + k)));
            break;
        case LANE_RECIPROCAL:
            EACH {
                V divisor = LOAD(x + k);
                unsigned int bits = BITS(EQUAL(divisor, SET(0.0)));
                STORE(z + k, DIV(SET(1.0), divisor));
                if (bits)
                    lane_mark(w->failed + k, bits);
            }
            break;
        case LANE_SQRT:
            EACH {
                V root = ROOT(LOAD(x + k));
                unsigned int bits = BITS(LESS(root, SET(INFINITY))) ^ ((1u << WIDTH) - 1);
                STORE(z + k, root);
                if (bits)
                    lane_mark(w->failed + k, bits);
            }
            break;
        case LANE_RELU: /* x above 0; nan stays */
            EACH {
                V v = LOAD(x + k);
                STORE(z + k, OR_ZERO(OR(LESS(SET(0.0), v), UNEQUAL(v, v)), v));
            }
            break;
        case LANE_MAXIMUM:
            EACH {
                V v = LOAD(x + k), u = LOAD(y + k);
                STORE(z + k, WHERE(OR(AT_LEAST(v, u), UNEQUAL(v, v)), v, u));
            }
            break;
        case LANE_MINIMUM:
            EACH {
                V v = LOAD(x + k), u = LOAD(y + k);
                STORE(z + k, WHERE(OR(AT_MOST(v, u), UNEQUAL(v, v)), v, u));
            }
            break;
        case LANE_POWER:
            NAME(power)(w, c, slopes);
            break;
        case LANE_RULE: {
            const int wanted = slopes ? c->wanted : 0;
            double *second = kept + (wanted == 3) * lanes; /* the rows of those that are wanted */
            double unused;
            for (k = 0; k < lanes; k++) {
                int ok = 1;
                c->rule(x[k], y[k], wanted, &z[k], wanted & 1 ? &kept[k] : &unused, wanted & 2 ? &second[k] : &unused, &ok);
                if (!ok)
                    w->failed[k] |= LANE_ASKED;
            }
            break;
        }
        case LANE_TOTAL:
        case LANE_MEAN:
            NAME(total)(p, w, c);
            break;
        case LANE_DOT:
            NAME(dot)(p, w, c);
            break;
        case LANE_WEIGHTED:
            if (c->leads)
                NAME(layer)(p, w, c);
            break;
        case LANE_LARGEST:
        case LANE_SMALLEST:
            NAME(extreme)(p, w, c);
            break;
        case LANE_WHERE: {
            const unsigned int *xs = p->rows + c->start;
            const double *u = values + xs[1] * lanes, *v = values + xs[2] * lanes;
            x = values + xs[0] * lanes;
            EACH STORE(z + k, WHERE(UNEQUAL(LOAD(x + k), SET(0.0)), LOAD(u + k), LOAD(v + k)));
            break;
        }
        case LANE_CLAMP: {
            const unsigned int *xs = p->rows + c->start;
            const double *u = values + xs[1] * lanes, *v = values + xs[2] * lanes;
            x = values + xs[0] * lanes;
            EACH {
                V held = LOAD(x + k), low = LOAD(u + k), high = LOAD(v + k);
                unsigned int bits = BITS(AT_MOST(low, high)) ^ ((1u << WIDTH) - 1);
                STORE(z + k, WHERE(LESS(held, low), low, WHERE(LESS(high, held), high, held)));
                if (bits)
                    lane_mark(w->failed + k, bits);
            }
            break;
        }
        case LANE_SEQUENCE:
            lane_sequences(p, w, c, slopes);
            break;
        case LANE_ASK:
            for (k = 0; k < lanes; k++)
                w->failed[k] |= LANE_ASKED;
            break;
        default:
            NAME(exponentials)(p, w, c, slopes);
        }
    }
    lane_check_all(p, w);
}

/* What flows on: nothing where the upstream is zero, whatever the local gradient is. */
#define FLOWS(upstream, local) OR_ZERO(UNEQUAL(upstream, SET(0.0)), MUL(upstream, local))

/* Adds to the row of a target. Adjoints start at 0.0, so that the first is added to it as well: 0.0 + -0.0 is 0.0. */
#define ADD_TO(target, flowing)                                                                                                \
    if ((target) != LANE_NONE) {                                                                                               \
        double *t_ = w->adjoints + ((target) & ~LANE_FIRST) * lanes;                                                           \
        if ((target) & LANE_FIRST)                                                                                             \
            EACH {                                                                                                             \
                V up = LOAD(upstream + k);                                                                                     \
                STORE(t_ + k, ADD(SET(0.0), (flowing)));                                                                       \
            }                                                                                                                  \
        else                                                                                                                   \
            EACH {                                                                                                             \
                V up = LOAD(upstream + k);                                                                                     \
                STORE(t_ + k, ADD(LOAD(t_ + k), (flowing)));                                                                   \
            }                                                                                                                  \
    }

/* Back through a layer: to each row the products of all its neurons, in the order of the sweep, four rows at a time. */
static void NAME(layer_back)(const lane_program *p, const lane_sweep *s, lane_work *w, const lane_step *first)
{
    const size_t n = p->codes[first->code].count, lanes = w->lanes;
    const unsigned int *targets = s->targets + first->targets;
    size_t i, j, k, v;
    for (i = 0; i < n; i += 4) {
        double *to[4];
        int fresh[4];
        for (v = 0; v < 4; v++) { /* the last once more, so that there are enough */
            const unsigned int target = targets[i + v < n ? i + v : n - 1];
            to[v] = w->adjoints + (target & ~LANE_FIRST) * lanes;
            fresh[v] = (target & LANE_FIRST) != 0;
        }
        for (k = 0; k < lanes; k += TWO) {
            V a0 = fresh[0] ? SET(0.0) : LOAD(to[0] + k), a1 = fresh[0] ? SET(0.0) : LOAD(to[0] + k + WIDTH);
            V b0 = fresh[1] ? SET(0.0) : LOAD(to[1] + k), b1 = fresh[1] ? SET(0.0) : LOAD(to[1] + k + WIDTH);
            V c0 = fresh[2] ? SET(0.0) : LOAD(to[2] + k), c1 = fresh[2] ? SET(0.0) : LOAD(to[2] + k + WIDTH);
            V d0 = fresh[3] ? SET(0.0) : LOAD(to[3] + k), d1 = fresh[3] ? SET(0.0) : LOAD(to[3] + k + WIDTH);
            for (j = 0; j < first->members; j++) {
                const lane_code *c = &p->codes[first[j].code];
                const unsigned int *xs = p->rows + c->start + i;
                const double *upstream = w->adjoints + first[j].up * lanes + k;
                const V up0 = LOAD(upstream), up1 = LOAD(upstream + WIDTH);
                const M flows0 = UNEQUAL(up0, SET(0.0)), flows1 = UNEQUAL(up1, SET(0.0));
                V weight = SET(w->shared[xs[0]]);
                a0 = ADD(a0, OR_ZERO(flows0, MUL(up0, weight)));
                a1 = ADD(a1, OR_ZERO(flows1, MUL(up1, weight)));
                weight = SET(w->shared[i + 1 < n ? xs[1] : xs[0]]);
                b0 = ADD(b0, OR_ZERO(flows0, MUL(up0, weight)));
                b1 = ADD(b1, OR_ZERO(flows1, MUL(up1, weight)));
                weight = SET(w->shared[i + 2 < n ? xs[2] : xs[0]]);
                c0 = ADD(c0, OR_ZERO(flows0, MUL(up0, weight)));
                c1 = ADD(c1, OR_ZERO(flows1, MUL(up1, weight)));
                weight = SET(w->shared[i + 3 < n ? xs[3] : xs[0]]);
                d0 = ADD(d0, OR_ZERO(flows0, MUL(up0, weight)));
                d1 = ADD(d1, OR_ZERO(flows1, MUL(up1, weight)));
            }
            STORE(to[0] + k, a0);
            STORE(to[0] + k + WIDTH, a1);
            if (i + 1 < n) {
                STORE(to[1] + k, b0);
                STORE(to[1] + k + WIDTH, b1);
            }
            if (i + 2 < n) {
                STORE(to[2] + k, c0);
                STORE(to[2] + k + WIDTH, c1);
            }
            if (i + 3 < n) {
                STORE(to[3] + k, d0);
                STORE(to[3] + k + WIDTH, d1);
            }
        }
    }
}

static void NAME(sequence_back)(const lane_program *p, const lane_sweep *s, lane_work *w, const lane_step *step)
{
    const lane_code *c = &p->codes[step->code];
    const size_t n = c->count, lanes = w->lanes;
    const unsigned int *xs = p->rows + c->start, *targets = s->targets + step->targets;
    const double *upstream = w->adjoints + step->up * lanes, *kept = w->kept + c->kept * lanes;
    const double *z = w->values + c->out * lanes;
    double *share = w->scratch;
    size_t i, k;
    switch (c->kind) {
    case LANE_TOTAL:
        for (i = 0; i < n; i++)
            ADD_TO(targets[i], up)
        break;
    case LANE_MEAN: {
        const V part = SET(1.0 / (double)n);
        for (i = 0; i < n; i++)
            ADD_TO(targets[i], FLOWS(up, part))
        break;
    }
    case LANE_WEIGHTED: /* where each weight is used once, `add_blocks` sees to the weights */
        if (step->a != LANE_NONE)
            for (i = 0; i < n; i++) {
                const double *x = w->values + xs[n + i] * lanes;
                ADD_TO(s->targets[step->a + i], FLOWS(up, LOAD(x + k)))
            }
        for (k = 0; k < lanes; k += TWO) {
            const V up0 = LOAD(upstream + k), up1 = LOAD(upstream + k + WIDTH);
            const M flows0 = UNEQUAL(up0, SET(0.0)), flows1 = UNEQUAL(up1, SET(0.0));
            for (i = 0; i < n; i++) {
                const unsigned int target = targets[i];
                double *t;
                V weight, x0, x1;
                if (target == LANE_NONE)
                    continue;
                t = w->adjoints + (target & ~LANE_FIRST) * lanes + k;
                weight = SET(w->shared[xs[i]]);
                x0 = OR_ZERO(flows0, MUL(up0, weight));
                x1 = OR_ZERO(flows1, MUL(up1, weight));
                STORE(t, ADD(target & LANE_FIRST ? SET(0.0) : LOAD(t), x0));
                STORE(t + WIDTH, ADD(target & LANE_FIRST ? SET(0.0) : LOAD(t + WIDTH), x1));
            }
        }
        break;
    case LANE_DOT:
        for (i = 0; i < 2 * n; i++) {
            const double *other = w->values + xs[i < n ? i + n : i - n] * lanes;
            ADD_TO(targets[i], FLOWS(up, LOAD(other + k)))
        }
        break;
    case LANE_LARGEST:
    case LANE_SMALLEST: /* ties share it */
        EACH {
            V ties = SET(0.0);
            for (i = 0; i < n; i++)
                ties = ADD(ties, OR_ZERO(EQUAL(LOAD(w->values + xs[i] * lanes + k), LOAD(z + k)), SET(1.0)));
            STORE(share + k, DIV(SET(1.0), ties));
        }
        for (i = 0; i < n; i++) {
            const double *x = w->values + xs[i] * lanes;
            ADD_TO(targets[i], FLOWS(up, OR_ZERO(EQUAL(LOAD(x + k), LOAD(z + k)), LOAD(share + k))))
        }
        break;
    case LANE_WHERE: {
        const double *x = w->values + xs[0] * lanes;
        ADD_TO(targets[1], FLOWS(up, OR_ZERO(UNEQUAL(LOAD(x + k), SET(0.0)), SET(1.0))))
        ADD_TO(targets[2], FLOWS(up, OR_ZERO(EQUAL(LOAD(x + k), SET(0.0)), SET(1.0))))
        break;
    }
    case LANE_CLAMP: {
        const double *x = w->values + xs[0] * lanes, *u = w->values + xs[1] * lanes, *v = w->values + xs[2] * lanes;
        ADD_TO(targets[0], FLOWS(up, WHERE(UNEQUAL(LOAD(x + k), LOAD(x + k)), SET(NAN),
                                           OR_ZERO(AND(LESS(LOAD(u + k), LOAD(x + k)), LESS(LOAD(x + k), LOAD(v + k))), SET(1.0)))))
        break;
    }
    case LANE_LOGSUMEXP:
    case LANE_SEQUENCE:
    case LANE_ASK:
        for (i = 0; i < n; i++)
            ADD_TO(targets[i], FLOWS(up, LOAD(kept + i * lanes + k)))
        break;
    default: /* a component of a softmax */
        for (i = 0; i < n; i++) {
            if (i == c->b) {
                const double *rest = kept + (n + i) * lanes;
                ADD_TO(targets[i], FLOWS(up, MUL(LOAD(z + k), LOAD(rest + k))))
            } else {
                const double *other = kept + i * lanes;
                ADD_TO(targets[i], FLOWS(up, NEGATIVE(MUL(LOAD(z + k), LOAD(other + k)))))
            }
        }
    }
}

/* 1, -1, 0 for zero, nan for nan. */
static V NAME(sign)(V x)
{
    V found = WHERE(LESS(SET(0.0), x), SET(1.0), OR_ZERO(LESS(x, SET(0.0)), SET(-1.0)));
    return WHERE(UNEQUAL(x, x), SET(NAN), found);
}

/* 1 for the larger of the two, a half each where they are equal. */
static V NAME(won)(V x, V y)
{
    V found = WHERE(LESS(y, x), SET(1.0), OR_ZERO(EQUAL(x, y), SET(0.5)));
    return WHERE(OR(UNEQUAL(x, x), UNEQUAL(y, y)), SET(NAN), found);
}

/* `kernels.divide_dy`: -z/y, scaled where z has lost digits to underflow. */
static V NAME(divide_dy)(V x, V y, V z)
{
    M plain = OR(OR(AT_LEAST(SIZE(z), SET(2.2250738585072014e-308)), EQUAL(x, SET(0.0))),
                 OR(AT_LEAST(SIZE(x), SET(1.0)), UNEQUAL(z, z)));
    V found = NEGATIVE(DIV(z, y));
    if (BITS(plain) != (1u << WIDTH) - 1) /* by 2**600 and back */
        found = WHERE(plain, found, MUL(NEGATIVE(DIV(DIV(MUL(x, SET(4.149515568880993e+180)), y), y)), SET(2.409919865102884e-181)));
    return found;
}

static void NAME(backward)(const lane_program *p, const lane_sweep *s, lane_work *w)
{
    const size_t lanes = w->lanes;
    double *const values = w->values;
    size_t i, k;
    for (i = 0; i < s->count; i++) {
        const lane_step *step = &s->steps[i];
        const lane_code *c = &p->codes[step->code];
        const double *x = values + c->a * lanes, *y = values + c->b * lanes, *z = values + c->out * lanes;
        const double *upstream = w->adjoints + step->up * lanes, *kept = w->kept + c->kept * lanes;
        const double number = c->shared ? w->shared[c->start] : 0.0;
        if (step->members != 1) {
            if (step->members)
                NAME(layer_back)(p, s, w, step);
            continue;
        }
        switch (c->kind) { /* what is added is zero where the upstream is, or masked by FLOWS */
        case LANE_ADD:
            ADD_TO(step->a, up)
            ADD_TO(step->b, up)
            break;
        case LANE_SUBTRACT:
            ADD_TO(step->a, up)
            ADD_TO(step->b, NEGATIVE(up))
            break;
        case LANE_MULTIPLY:
            if (c->shared) {
                const V fixed = SET(number);
                if (c->shared == 2) {
                    ADD_TO(step->a, FLOWS(up, fixed))
                    ADD_TO(step->b, FLOWS(up, LOAD(x + k)))
                } else {
                    ADD_TO(step->a, FLOWS(up, LOAD(y + k)))
                    ADD_TO(step->b, FLOWS(up, fixed))
                }
                break;
            }
            if (step->a != LANE_NONE && step->b != LANE_NONE) { /* both at once, the first one first if they are the same */
                double *to = w->adjoints + (step->a & ~LANE_FIRST) * lanes, *other = w->adjoints + (step->b & ~LANE_FIRST) * lanes;
                const int anew = (step->a & LANE_FIRST) != 0, other_anew = (step->b & LANE_FIRST) != 0;
                EACH {
                    const V up = LOAD(upstream + k);
                    const M flows = UNEQUAL(up, SET(0.0));
                    const V u = OR_ZERO(flows, MUL(up, LOAD(y + k))), v = OR_ZERO(flows, MUL(up, LOAD(x + k)));
                    STORE(to + k, ADD(anew ? SET(0.0) : LOAD(to + k), u));
                    STORE(other + k, ADD(other_anew ? SET(0.0) : LOAD(other + k), v));
                }
                break;
            }
            ADD_TO(step->a, FLOWS(up, LOAD(y + k)))
            ADD_TO(step->b, FLOWS(up, LOAD(x + k)))
            break;
        case LANE_DIVIDE:
            if (c->shared == 2) {
                const V slope = SET(1.0 / number);
                ADD_TO(step->a, FLOWS(up, slope))
                ADD_TO(step->b, FLOWS(up, NAME(divide_dy)(LOAD(x + k), SET(number), LOAD(z + k))))
            } else {
                ADD_TO(step->a, FLOWS(up, DIV(SET(1.0), LOAD(y + k))))
                ADD_TO(step->b, FLOWS(up, NAME(divide_dy)(c->shared ? SET(number) : LOAD(x + k), LOAD(y + k), LOAD(z + k))))
            }
            break;
        case LANE_NEGATE:
            ADD_TO(step->a, NEGATIVE(up))
            break;
        case LANE_COPY:
            ADD_TO(step->a, up)
            break;
        case LANE_ABSOLUTE:
            ADD_TO(step->a, FLOWS(up, NAME(sign)(LOAD(x + k))))
            break;
        case LANE_SQUARE:
            ADD_TO(step->a, FLOWS(up, MUL(SET(2.0), LOAD(x + k))))
            break;
        case LANE_RECIPROCAL:
            ADD_TO(step->a, FLOWS(up, NEGATIVE(MUL(LOAD(z + k), LOAD(z + k)))))
            break;
        case LANE_SQRT:
            ADD_TO(step->a, FLOWS(up, WHERE(EQUAL(LOAD(z + k), SET(0.0)), SET(INFINITY), DIV(SET(0.5), LOAD(z + k)))))
            break;
        case LANE_RELU: /* each upstream is multiplied, since 0 times inf is nan */
            ADD_TO(step->a, FLOWS(up, WHERE(UNEQUAL(LOAD(x + k), LOAD(x + k)), SET(NAN),
                                            OR_ZERO(LESS(SET(0.0), LOAD(x + k)), SET(1.0)))))
            break;
        case LANE_MAXIMUM:
            ADD_TO(step->a, FLOWS(up, NAME(won)(LOAD(x + k), LOAD(y + k))))
            ADD_TO(step->b, FLOWS(up, NAME(won)(LOAD(y + k), LOAD(x + k))))
            break;
        case LANE_MINIMUM:
            ADD_TO(step->a, FLOWS(up, NAME(won)(LOAD(y + k), LOAD(x + k))))
            ADD_TO(step->b, FLOWS(up, NAME(won)(LOAD(x + k), LOAD(y + k))))
            break;
        case LANE_POWER:
        case LANE_RULE:
            ADD_TO(step->a, FLOWS(up, LOAD(kept + k)))
            kept += (c->wanted == 3) * lanes;
            ADD_TO(step->b, FLOWS(up, LOAD(kept + k)))
            break;
        default:
            NAME(sequence_back)(p, s, w, step);
        }
    }
}

#define COLUMNS (8 * WIDTH) /* weights at once */

/* The gradients of the weights of dots: to each weight the contribution of each lane, the last lane first. Dots with the same rows
   follow each other, so that these are turned once for all of them: to each lane its numbers side by side. Lanes whose upstream
   is zero add nothing. */
static void NAME(add_blocks)(const lane_program *p, const lane_sweep *s, lane_work *w, double *sums, size_t from, size_t to)
{
    const size_t lanes = w->lanes;
    double turned[COLUMNS * LANE_MOST], own[COLUMNS];
    unsigned char flowing[LANE_RUN][LANE_MOST];
    size_t counts[LANE_RUN], b, i, j, k, run, columns;
    for (; from < to; from += run) {
        const unsigned int *rows = p->rows + s->blocks[from].rows;
        const size_t n = s->blocks[from].count;
        for (run = 1; run < LANE_RUN && from + run < to && s->blocks[from + run].follows; run++)
            ;
        for (b = 0; b < run; b++) {
            const double *upstream = w->adjoints + s->blocks[from + b].up * lanes;
            size_t count = 0;
            for (k = lanes; k-- > 0; count += upstream[k] != 0.0)
                flowing[b][count] = (unsigned char)k;
            counts[b] = count;
        }
        for (i = 0; i < n; i += columns) {
            const size_t wide = n - i > COLUMNS / 4 ? COLUMNS : COLUMNS / 4;
            columns = n - i < wide ? n - i : wide;
            for (j = 0; j < wide; j++) { /* the last once more, so that there are enough */
                const double *row = w->values + rows[i + (j < columns ? j : columns - 1)] * lanes;
                for (k = 0; k < lanes; k++)
                    turned[k * wide + j] = row[k];
            }
            for (b = 0; b < run; b++) {
                const lane_block *block = &s->blocks[from + b];
                const unsigned int *places = s->places + block->sums + i;
                const double *upstream = w->adjoints + block->up * lanes;
                double *to_all = own;
                if (block->close && columns == wide)
                    to_all = sums + places[0];
                else
                    for (j = 0; j < columns; j++)
                        own[j] = sums[places[j]];
                if (wide == COLUMNS) {
                    V s0 = LOAD(to_all), s1 = LOAD(to_all + WIDTH), s2 = LOAD(to_all + 2 * WIDTH), s3 = LOAD(to_all + 3 * WIDTH),
                      s4 = LOAD(to_all + 4 * WIDTH), s5 = LOAD(to_all + 5 * WIDTH), s6 = LOAD(to_all + 6 * WIDTH),
                      s7 = LOAD(to_all + 7 * WIDTH);
                    for (k = 0; k < counts[b]; k++) {
                        const size_t lane = flowing[b][k];
                        const double *x = turned + lane * COLUMNS;
                        const V up = SET(upstream[lane]);
                        s0 = ADD(s0, MUL(up, LOAD(x)));
                        s1 = ADD(s1, MUL(up, LOAD(x + WIDTH)));
                        s2 = ADD(s2, MUL(up, LOAD(x + 2 * WIDTH)));
                        s3 = ADD(s3, MUL(up, LOAD(x + 3 * WIDTH)));
                        s4 = ADD(s4, MUL(up, LOAD(x + 4 * WIDTH)));
                        s5 = ADD(s5, MUL(up, LOAD(x + 5 * WIDTH)));
                        s6 = ADD(s6, MUL(up, LOAD(x + 6 * WIDTH)));
                        s7 = ADD(s7, MUL(up, LOAD(x + 7 * WIDTH)));
                    }
                    STORE(to_all, s0);
                    STORE(to_all + WIDTH, s1);
                    STORE(to_all + 2 * WIDTH, s2);
                    STORE(to_all + 3 * WIDTH, s3);
                    STORE(to_all + 4 * WIDTH, s4);
                    STORE(to_all + 5 * WIDTH, s5);
                    STORE(to_all + 6 * WIDTH, s6);
                    STORE(to_all + 7 * WIDTH, s7);
                } else {
                    V s0 = LOAD(to_all), s1 = LOAD(to_all + WIDTH);
                    for (k = 0; k < counts[b]; k++) {
                        const size_t lane = flowing[b][k];
                        const double *x = turned + lane * (COLUMNS / 4);
                        const V up = SET(upstream[lane]);
                        s0 = ADD(s0, MUL(up, LOAD(x)));
                        s1 = ADD(s1, MUL(up, LOAD(x + WIDTH)));
                    }
                    STORE(to_all, s0);
                    STORE(to_all + WIDTH, s1);
                }
                if (to_all == own)
                    for (j = 0; j < columns; j++)
                        sums[places[j]] = own[j];
            }
        }
    }
}

/* A step of Adam for numbers that have made as many steps and all have a gradient; `nn.optimizers` has the formula. Those that
   fill no vector are left. */
static size_t NAME(adam)(size_t count, double *xs, const double *gradients, double *means, double *squares, const lane_adam *o)
{
    const V beta1 = SET(o->beta1), beta2 = SET(o->beta2), rest1 = SET(1.0 - o->beta1), rest2 = SET(1.0 - o->beta2);
    size_t i;
    for (i = 0; i + WIDTH <= count; i += WIDTH) {
        V x = LOAD(xs + i), g = LOAD(gradients + i), mean, square;
        if (o->decoupled)
            x = MUL(x, SET(o->shrink));
        else
            g = ADD(g, MUL(SET(o->weight_decay), x));
        mean = ADD(MUL(beta1, LOAD(means + i)), MUL(rest1, g));
        square = ADD(MUL(beta2, LOAD(squares + i)), MUL(MUL(rest2, g), g));
        STORE(means + i, mean);
        STORE(squares + i, square);
        STORE(xs + i, SUB(x, DIV(MUL(SET(o->rate), mean), ADD(DIV(ROOT(square), SET(o->root)), SET(o->eps)))));
    }
    return i;
}

static const lane_kernels NAME(kernels) = {
    WIDTH == 4 ? "AVX2" : WIDTH == 2 ? "SSE2" : "C", TWO, NAME(forward), NAME(backward), NAME(add_blocks), NAME(adam),
};

#undef ADD_TO
#undef COLUMNS
#undef EXTRACT
#undef FMA
#undef FMSUB
#undef FLOWS
#undef TWO_SUM
#undef EACH
#undef TWO
#undef NAME
#undef WIDTH
#undef V
#undef M
#undef LOAD
#undef STORE
#undef SET
#undef ADD
#undef SUB
#undef MUL
#undef DIV
#undef ROOT
#undef SIZE
#undef NEGATIVE
#undef LESS
#undef AT_LEAST
#undef AT_MOST
#undef EQUAL
#undef UNEQUAL
#undef AND
#undef OR
#undef WHERE
#undef OR_ZERO
#undef BITS
#undef PRODUCT_ERROR
