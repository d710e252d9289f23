/* A program over many points at once: the loops that `_lanes.pxi` runs.

   The numbers of a slot lie side by side, one for each point of a group, in a row of `lanes` doubles. An instruction works on
   whole rows. Arithmetic is done by the machine's vectors; everything else by the rule of its record, one lane after the
   other. A lane in which a rule gives up is marked: its numbers are then taken from a replay of its point alone, which may ask
   Python. So is a lane in which a guard comes to something else: its point is computed in another way.

   Each lane does what replaying the program for its point alone does, with the same roundings in the same order. So neither the
   number of lanes nor the instruction set can be seen in the results. The loops are in `_lanes_body.h`, which is compiled once
   for each instruction set. */

#ifndef GLASSGRAD_LANES_H
#define GLASSGRAD_LANES_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "_sequences.h"

typedef void (*lane_rule)(double, double, int, double *, double *, double *, int *);

enum { /* what an instruction does */
    LANE_ADD,
    LANE_SUBTRACT,
    LANE_MULTIPLY,
    LANE_DIVIDE,
    LANE_NEGATE,
    LANE_COPY,
    LANE_STOP,
    LANE_ABSOLUTE,
    LANE_SQUARE,
    LANE_RECIPROCAL,
    LANE_SQRT,
    LANE_RELU,
    LANE_MAXIMUM,
    LANE_MINIMUM,
    LANE_POWER, /* to a small whole number */
    LANE_RULE,
    LANE_TOTAL,
    LANE_MEAN,
    LANE_DOT,
    LANE_WEIGHTED, /* a dot of numbers that all lanes share with numbers of the lanes */
    LANE_LARGEST,
    LANE_SMALLEST,
    LANE_LOGSUMEXP,
    LANE_SOFTMAX,
    LANE_WHERE,
    LANE_CLAMP,
    LANE_SEQUENCE, /* what _sequences.c computes: `a` says of which record, and `more` its argument that is no operand */
    LANE_ASK /* what has no rule: each lane asks */
};

enum { /* what a guard tests */
    LANE_LT,
    LANE_LE,
    LANE_GT,
    LANE_GE,
    LANE_EQ,
    LANE_NE,
    LANE_BOOL,
    LANE_DATA,
    LANE_FLOORDIV,
    LANE_FLOOR,
    LANE_CEIL,
    LANE_TRUNC,
    LANE_ROUND, /* to a whole number */
    LANE_SIGN,
    LANE_SIGNBIT,
    LANE_HAS_PREDECESSOR,
    LANE_ASK_TEST
};

enum { /* why a lane failed, as bits */
    LANE_ASKED = 1, /* the replay of its point alone must be asked, which may ask Python */
    LANE_OTHER = 2  /* a guard came to something else */
};

#define LANE_NONE 0xFFFFFFFFu  /* nothing flows there */
#define LANE_FIRST 0x80000000u /* the first that flows into this row in the sweep */
#define LANE_MOST 256          /* lanes of a group */
#define LANE_RUN 64            /* blocks that are added up together */

typedef struct {
    lane_rule rule;
    unsigned char kind, wanted;
    unsigned char shared;      /* which operand is a shared number, at `start`, and no row; 0 if none is */
    unsigned char leads;       /* of a softmax or a weighted dot: whether it computes what others share with it */
    unsigned int out, a, b;    /* rows of values; of a softmax `b` is the component; of a leading dot `b` members from `a` on */
    unsigned int kept;         /* the first row of partials that are kept */
    unsigned int start, count; /* of a sequence: its rows in `rows`; of a dot twice as many; `count` is the exponent of a power */
    double more;
} lane_code;

typedef struct {
    unsigned int code, up;   /* the instruction, and the row of its adjoint */
    unsigned int a, b;       /* the rows of adjoints that it adds to, one of which may be the same */
    unsigned int targets;    /* of a sequence: where such rows begin in `targets`; of a weighted dot those of the weights at `a` */
    unsigned int members;    /* how many weighted dots are done at once from here on; 0 where nothing is left to do */
} lane_step;

typedef struct {
    unsigned int test, way, a, b;
    double result;
} lane_check;

typedef struct { /* a dot each weight of which is used once: its gradients are added up here */
    unsigned int up, rows, sums, count; /* `sums`: where its places begin; the rows and the places follow each other */
    unsigned char close;                 /* whether each place is the one after the last */
    unsigned char follows;               /* whether the rows are those of the block before */
} lane_block;

typedef struct { /* the uses of one shared number, in the order of the sweep */
    unsigned int sum, start, count;
} lane_uses;

/* What is computed lane by lane: they return whether Python need not be asked. `room` is for twice as many numbers. */
typedef int (*lane_exact_dot)(double *, double *, ptrdiff_t, double *);
typedef int (*lane_exact_total)(double *, ptrdiff_t, double *);
typedef int (*lane_logsumexp)(double *, ptrdiff_t, double *, double *, double *);
typedef int (*lane_softmax)(double *, ptrdiff_t, double *, double *, double *);

typedef struct {
    lane_code *codes;
    lane_check *checks;
    unsigned int *rows; /* operands of sequences; those of a weighted dot begin with places among the shared numbers */
    unsigned int *members; /* of dots that are computed together: their instructions */
    size_t count, check_count, ways; /* of ways one must hold, with all its checks */
    size_t value_rows, adjoint_rows, kept_rows, longest, widest; /* the longest sequence; the longest weighted dot */
    lane_exact_dot exact_dot;
    lane_exact_total exact_total;
    lane_logsumexp logsumexp;
    lane_softmax softmax;
} lane_program;

typedef struct { /* the way back from one output */
    lane_step *steps;
    unsigned int *targets;
    lane_block *blocks;
    unsigned int *places; /* of the sums that the blocks add to */
    lane_uses *uses;
    unsigned int *used; /* rows of adjoints */
    size_t count, block_count, use_count;
} lane_sweep;

typedef struct {
    size_t lanes, doubles; /* of a group, and how many there are room for in all */
    double *values, *adjoints, *kept, *scratch;
    const double *shared;
    unsigned char *failed;
} lane_work;

typedef struct { /* what a step of Adam depends on; `shrink` is what AdamW multiplies by first */
    double beta1, beta2, eps, weight_decay, shrink, rate, root;
    int decoupled;
} lane_adam;

typedef struct {
    const char *name;
    size_t step; /* the number of lanes is a multiple of this */
    void (*forward)(const lane_program *, lane_work *, int slopes);
    void (*backward)(const lane_program *, const lane_sweep *, lane_work *);
    void (*add_blocks)(const lane_program *, const lane_sweep *, lane_work *, double *sums, size_t from, size_t to);
    size_t (*adam)(size_t, double *, const double *, double *, double *, const lane_adam *);
} lane_kernels;

static void lane_mark(unsigned char *failed, unsigned int bits)
{
    for (; bits; bits >>= 1, failed++)
        if (bits & 1)
            *failed |= LANE_ASKED;
}

/* A row of numbers to every `step`th place of a matrix; zeros where there is no row. */
static void lane_spread(double *to, size_t step, const double *row, size_t count)
{
    size_t i;
    if (row == NULL)
        for (i = 0; i < count; i++)
            to[i * step] = 0.0;
    else if (step == 1)
        memcpy(to, row, count * sizeof(double));
    else
        for (i = 0; i < count; i++)
            to[i * step] = row[i];
}

/* Whether dividing by x is the same as multiplying by 1 / x: both are exact but for the last rounding. */
static int lane_is_power_of_two(double x)
{
    int exponent;
    return fabs(frexp(x, &exponent)) == 0.5 && -1000 < exponent && exponent < 1000;
}

/* Whether a lane failed. */
static int lane_any(const unsigned char *failed, size_t lanes)
{
    static const unsigned char none[LANE_MOST];
    return memcmp(failed, none, lanes) != 0;
}

static int lane_same_bits(double x, double y)
{
    return memcmp(&x, &y, sizeof x) == 0;
}

/* x // y, as Python has it for floats. */
static double lane_floordiv(double x, double y)
{
    double rest = fmod(x, y), quotient = (x - rest) / y, whole;
    if (rest != 0.0 && (y < 0.0) != (rest < 0.0))
        quotient -= 1.0;
    if (quotient == 0.0)
        return copysign(0.0, x / y);
    whole = floor(quotient);
    return quotient - whole > 0.5 ? whole + 1.0 : whole;
}

/* Whether a guard comes to what it came to when the program was recorded. */
static int lane_holds(const lane_check *check, double x, double y)
{
    int result = check->result != 0.0;
    switch (check->test) {
    case LANE_LT: return (x < y) == result;
    case LANE_LE: return (x <= y) == result;
    case LANE_GT: return (x > y) == result;
    case LANE_GE: return (x >= y) == result;
    case LANE_EQ: return (x == y) == result;
    case LANE_NE: return (x != y) == result;
    case LANE_BOOL: return (x != 0.0) == result;
    case LANE_FLOORDIV: return y != 0.0 && lane_same_bits(lane_floordiv(x, y), check->result);
    case LANE_FLOOR: return lane_same_bits(floor(x) + 0.0, check->result); /* by way of an int, which has no -0 */
    case LANE_CEIL: return lane_same_bits(ceil(x) + 0.0, check->result);
    case LANE_TRUNC: return lane_same_bits(trunc(x) + 0.0, check->result);
    case LANE_ROUND: return lane_same_bits(rint(x), check->result);
    case LANE_HAS_PREDECESSOR:
        return ((x - 1.0) + 1.0 == x && !(9007199254740992.0 < fabs(x) && fabs(x) < INFINITY)) == result;
    case LANE_SIGN: return lane_same_bits(x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x == x ? 0.0 : x, check->result);
    case LANE_SIGNBIT: return lane_same_bits(copysign(1.0, x), check->result);
    default: return lane_same_bits(x, check->result);
    }
}

static void lane_check_all(const lane_program *p, lane_work *w)
{
    const size_t lanes = w->lanes;
    const unsigned int all = (1u << p->ways) - 1;
    unsigned char missed[LANE_MOST] = {0}; /* bits of ways */
    size_t i, k;
    if (p->check_count == 0)
        return;
    for (i = 0; i < p->check_count; i++) {
        const lane_check *check = &p->checks[i];
        const double *x = w->values + check->a * lanes, *y = w->values + check->b * lanes;
        for (k = 0; k < lanes; k++)
            if (check->test == LANE_ASK_TEST && p->ways == 1)
                w->failed[k] |= LANE_ASKED;
            else if (check->test == LANE_ASK_TEST || !lane_holds(check, x[k], y[k]))
                missed[k] |= (unsigned char)(1u << check->way);
    }
    for (k = 0; k < lanes; k++)
        if (missed[k] == all)
            w->failed[k] |= LANE_OTHER;
}

/* By lane, what _sequences.c computes. */
static void lane_sequences(const lane_program *p, lane_work *w, const lane_code *c, int slopes)
{
    const size_t n = c->count, lanes = w->lanes;
    const unsigned int *xs = p->rows + c->start;
    double *z = w->values + c->out * lanes, *kept = w->kept + c->kept * lanes;
    double *numbers = w->scratch, *found = numbers + n, *room = found + n;
    size_t i, k;
    for (k = 0; k < lanes; k++) {
        for (i = 0; i < n; i++)
            numbers[i] = w->values[xs[i] * lanes + k];
        if (!sequence_value((int)c->a, numbers, (int)n, c->more, room, &z[k])) {
            w->failed[k] |= LANE_ASKED;
            continue;
        }
        if (!slopes || !c->wanted)
            continue;
        if (!sequence_slopes((int)c->a, numbers, (int)n, c->more, room, z[k], found))
            w->failed[k] |= LANE_ASKED;
        for (i = 0; i < n; i++)
            kept[i * lanes + k] = found[i];
    }
}

/* The uses of single shared numbers: the last lane first, and in each lane in the order of the sweep. */
static void lane_add_uses(const lane_sweep *s, const lane_work *w, double *sums, size_t from, size_t to)
{
    const size_t lanes = w->lanes;
    size_t i, j, k;
    for (i = from; i < to; i++) {
        const lane_uses *uses = &s->uses[i];
        const unsigned int *rows = s->used + uses->start;
        double sum = sums[uses->sum];
        for (k = lanes; k-- > 0;)
            for (j = 0; j < uses->count; j++)
                sum += w->adjoints[rows[j] * lanes + k];
        sums[uses->sum] = sum;
    }
}

/* All uses in one lane, where the lanes around it belong to another program; `to` says where each sum is. */
static void lane_add_one(const lane_program *p, const lane_sweep *s, const lane_work *w, size_t lane, const unsigned int *to,
                         double *sums)
{
    const size_t lanes = w->lanes;
    size_t b, i;
    for (b = 0; b < s->block_count; b++) {
        const lane_block *block = &s->blocks[b];
        const unsigned int *rows = p->rows + block->rows, *places = s->places + block->sums;
        const double upstream = w->adjoints[block->up * lanes + lane];
        if (upstream != 0.0)
            for (i = 0; i < block->count; i++)
                sums[to[places[i]]] += upstream * w->values[rows[i] * lanes + lane];
    }
    for (b = 0; b < s->use_count; b++)
        for (i = 0; i < s->uses[b].count; i++)
            sums[to[s->uses[b].sum]] += w->adjoints[s->used[s->uses[b].start + i] * lanes + lane];
}

/* What rounding left out of a product. Where neither factor is too large and the error not too small for a float, exact. */
static double lane_product_error(double x, double y, double p)
{
#ifdef __FP_FAST_FMA
    return fma(x, y, -p);
#else
    double a = 134217729.0 * x, b, c = 134217729.0 * y, d;
    a = a - (a - x);
    b = x - a;
    c = c - (c - y);
    d = y - c;
    return (((a * c - p) + a * d) + b * c) + b * d;
#endif
}

/* Powers with small whole exponents, without the C library where its result is certain. x**n is computed as a sum of two
   doubles, whose error is far below what follows. The rounded sum is what the library returns unless the exact power is too near
   to the middle of two doubles; there, and outside of 2**-256 to 2**256, the library is asked.

   Too near: glibc's pow (sysdeps/ieee754/dbl-64/e_pow.c since 2.28, with or without fused multiply-add) says of itself that it
   is off by 0.511 units in the last place for its exponential, and by 1.5 * 2**-68 |y log x| for its logarithm. Half a unit is
   the last rounding, so that what is rounded is off by 0.011 + 1.5 * 2**-15 * 256 log(2) = 0.0192 units at most, and up to 2**64
   by 0.0131. Its predecessor rounded correctly, or nearly so. The middle is avoided by 1/32 of a unit, and up to 2**64 by 1/64:
   then 16/15, or 32/31, of the rest don't move the sum. A power below x**n is no farther from 1. Other libraries, and glibc
   on processors for which it has a pow of its own, promise less, and are always asked. */
#if defined(__GLIBC__) && (defined(__x86_64__) || defined(__aarch64__))
enum { LANE_MOST_POWER = 8 };
#else
enum { LANE_MOST_POWER = 0 };
#endif

#if defined(__GNUC__) && !defined(__clang__)
#define LANE_UNROLLED _Pragma("GCC unroll 4")
#else
#define LANE_UNROLLED
#endif

/* ---- plain C, which a compiler makes vectors of where it can ---- */

#define NAME(x) lane_plain_##x
#define WIDTH 1
#define V double
#define M int
#define LOAD(p) (*(p))
#define STORE(p, v) (*(p) = (v))
#define SET(x) (x)
#define ADD(x, y) ((x) + (y))
#define SUB(x, y) ((x) - (y))
#define MUL(x, y) ((x) * (y))
#define DIV(x, y) ((x) / (y))
#define ROOT(x) sqrt(x)
#define SIZE(x) fabs(x)
#define NEGATIVE(x) (-(x))
#define LESS(x, y) ((x) < (y))
#define AT_LEAST(x, y) ((x) >= (y))
#define AT_MOST(x, y) ((x) <= (y))
#define EQUAL(x, y) ((x) == (y))
#define UNEQUAL(x, y) ((x) != (y))
#define AND(m, n) ((m) & (n))
#define OR(m, n) ((m) | (n))
#define WHERE(m, x, y) ((m) ? (x) : (y))
#define OR_ZERO(m, x) ((m) ? (x) : 0.0)
#define BITS(m) ((unsigned int)(m))
#define PRODUCT_ERROR(x, y, p) lane_product_error(x, y, p)
#include "_lanes_body.h"

#if (defined(__x86_64__) || defined(_M_X64)) && (defined(__GNUC__) || defined(__clang__))
#define LANE_X86 1
#include <immintrin.h>

/* ---- SSE2, which every processor of this kind has ---- */

#define NAME(x) lane_sse2_##x
#define WIDTH 2
#define V __m128d
#define M __m128d
#define LOAD(p) _mm_loadu_pd(p)
#define STORE(p, v) _mm_storeu_pd(p, v)
#define SET(x) _mm_set1_pd(x)
#define ADD(x, y) _mm_add_pd(x, y)
#define SUB(x, y) _mm_sub_pd(x, y)
#define MUL(x, y) _mm_mul_pd(x, y)
#define DIV(x, y) _mm_div_pd(x, y)
#define ROOT(x) _mm_sqrt_pd(x)
#define SIZE(x) _mm_andnot_pd(_mm_set1_pd(-0.0), x)
#define NEGATIVE(x) _mm_xor_pd(_mm_set1_pd(-0.0), x)
#define LESS(x, y) _mm_cmplt_pd(x, y)
#define AT_LEAST(x, y) _mm_cmpge_pd(x, y)
#define AT_MOST(x, y) _mm_cmple_pd(x, y)
#define EQUAL(x, y) _mm_cmpeq_pd(x, y)
#define UNEQUAL(x, y) _mm_cmpneq_pd(x, y)
#define AND(m, n) _mm_and_pd(m, n)
#define OR(m, n) _mm_or_pd(m, n)
#define WHERE(m, x, y) _mm_or_pd(_mm_and_pd(m, x), _mm_andnot_pd(m, y))
#define OR_ZERO(m, x) _mm_and_pd(m, x)
#define BITS(m) ((unsigned int)_mm_movemask_pd(m))
#define PRODUCT_ERROR(x, y, p) lane_sse2_product_error(x, y, p)

static __m128d lane_sse2_product_error(__m128d x, __m128d y, __m128d p)
{
    const __m128d splitter = _mm_set1_pd(134217729.0);
    __m128d a = _mm_mul_pd(splitter, x), b, c = _mm_mul_pd(splitter, y), d;
    a = _mm_sub_pd(a, _mm_sub_pd(a, x));
    b = _mm_sub_pd(x, a);
    c = _mm_sub_pd(c, _mm_sub_pd(c, y));
    d = _mm_sub_pd(y, c);
    return _mm_add_pd(_mm_add_pd(_mm_add_pd(_mm_sub_pd(_mm_mul_pd(a, c), p), _mm_mul_pd(a, d)), _mm_mul_pd(b, c)),
                      _mm_mul_pd(b, d));
}

#include "_lanes_body.h"

/* ---- AVX2 with fused multiply-add, where the processor has them ---- */

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif

#define NAME(x) lane_avx2_##x
#define WIDTH 4
#define V __m256d
#define M __m256d
#define LOAD(p) _mm256_loadu_pd(p)
#define STORE(p, v) _mm256_storeu_pd(p, v)
#define SET(x) _mm256_set1_pd(x)
#define ADD(x, y) _mm256_add_pd(x, y)
#define SUB(x, y) _mm256_sub_pd(x, y)
#define MUL(x, y) _mm256_mul_pd(x, y)
#define DIV(x, y) _mm256_div_pd(x, y)
#define ROOT(x) _mm256_sqrt_pd(x)
#define SIZE(x) _mm256_andnot_pd(_mm256_set1_pd(-0.0), x)
#define NEGATIVE(x) _mm256_xor_pd(_mm256_set1_pd(-0.0), x)
#define LESS(x, y) _mm256_cmp_pd(x, y, _CMP_LT_OQ)
#define AT_LEAST(x, y) _mm256_cmp_pd(x, y, _CMP_GE_OQ)
#define AT_MOST(x, y) _mm256_cmp_pd(x, y, _CMP_LE_OQ)
#define EQUAL(x, y) _mm256_cmp_pd(x, y, _CMP_EQ_OQ)
#define UNEQUAL(x, y) _mm256_cmp_pd(x, y, _CMP_NEQ_UQ)
#define AND(m, n) _mm256_and_pd(m, n)
#define OR(m, n) _mm256_or_pd(m, n)
#define WHERE(m, x, y) _mm256_blendv_pd(y, x, m)
#define OR_ZERO(m, x) _mm256_and_pd(m, x)
#define BITS(m) ((unsigned int)_mm256_movemask_pd(m))
#define PRODUCT_ERROR(x, y, p) _mm256_fmsub_pd(x, y, p)
#define FMA(x, y, z) _mm256_fmadd_pd(x, y, z)
#define FMSUB(x, y, z) _mm256_fmsub_pd(x, y, z)
#include "_lanes_body.h"

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif

static const lane_kernels *lane_kernels_of(int width)
{
    switch (width) {
    case 1: return &lane_plain_kernels;
#ifdef LANE_X86
    case 2: return &lane_sse2_kernels;
    case 4: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &lane_avx2_kernels : NULL;
#endif
    default: return NULL;
    }
}

#endif
