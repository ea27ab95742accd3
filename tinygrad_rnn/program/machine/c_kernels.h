/* What every program in C includes: functions that the compiler can vectorise, and products whose second factor is packed once.
   `real` is float or double, set before this file. Vectors are those of GCC and Clang. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef ptrdiff_t size;

#ifdef _WIN32
#define EXPORTED __declspec(dllexport)
#else
#define EXPORTED
#endif

/* the iterations of this loop do not read what another one writes */
#ifdef __clang__
#define EACH _Pragma("clang loop vectorize(assume_safety)")
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define EACH _Pragma("GCC ivdep")
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* ---- functions of one number; NaN stays NaN ---- */

/* x p(x x) / q(x x), the rational function of Eigen: at most 4e-7 from tanh */
static inline float tanh_float(float x) {
  float c = x > 7.90531110763549805f ? 7.90531110763549805f : x;
  c = c < -7.90531110763549805f ? -7.90531110763549805f : c;
  float s = c * c;
  float p = -2.76076847742355e-16f;
  p = p * s + 2.00018790482477e-13f;
  p = p * s - 8.60467152213735e-11f;
  p = p * s + 5.12229709037114e-08f;
  p = p * s + 1.48572235717979e-05f;
  p = p * s + 6.37261928875436e-04f;
  p = p * s + 4.89352455891786e-03f;
  float q = 1.19825839466702e-06f;
  q = q * s + 1.18534705686654e-04f;
  q = q * s + 2.26843463243900e-03f;
  q = q * s + 4.89352518554385e-03f;
  return c * p / q;
}

/* 2^n e^r with x = n log 2 + r, the polynomial of Cephes: at most 2e-7 of the result, or one denormal number */
static inline float exp_float(float x) {
  float c = x > 89.0f ? 89.0f : x;
  c = c < -104.0f ? -104.0f : c;
  float n = (c * 1.44269504088896341f + 12582912.0f) - 12582912.0f; /* to the nearest whole number */
  float r = (c - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  int32_t whole = c == c ? (int32_t)n : 0, half = whole / 2; /* in two halves: the result may be denormal */
  union { int32_t bits; float number; } first = {(half + 127) << 23}, second = {(whole - half + 127) << 23};
  return p * first.number * second.number;
}

static inline real tanh_of(real x) { return sizeof(real) == 4 ? (real)tanh_float((float)x) : (real)tanh((double)x); }
static inline real exp_of(real x) { return sizeof(real) == 4 ? (real)exp_float((float)x) : (real)exp((double)x); }
static inline real sigmoid(real x) { return (real)0.5 * tanh_of((real)0.5 * x) + (real)0.5; }
static inline real larger_of(real a, real b) { return a > b || a != a ? a : b; }
static inline real sign(real x) { return x != x ? x : (real)((x > 0) - (x < 0)); }

/* ---- products ---- */

#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#else
#define VECTOR_BYTES 32
#endif
#define LANES ((size)(VECTOR_BYTES / sizeof(real)))
#define COLUMNS (2 * LANES) /* of a panel */
#define DEPTH 256           /* rows of B that one panel has, so that it stays in the cache */
typedef real vector __attribute__((vector_size(VECTOR_BYTES)));

static inline vector vector_at(const real *from) {
  vector v;
  memcpy(&v, from, sizeof v); /* one instruction, at any address */
  return v;
}
static inline void put(vector v, real *to) { memcpy(to, &v, sizeof v); }

static inline size whole_panels(size N) { return (N + COLUMNS - 1) / COLUMNS * COLUMNS; }

/* the next `count` numbers of the working memory */
static inline real *taken(real **work, size count) {
  real *here = *work;
  *work += (count + 15) / 16 * 16;
  return here;
}

/* B (K, N), whose rows are `down` and columns `right` apart: panels of COLUMNS columns by DEPTH rows, filled up with zeros */
static void pack(size K, size N, const real *B, size down, size right, real *panel) {
  for (size k0 = 0; k0 < K; k0 += DEPTH)
    for (size n = 0; n < N; n += COLUMNS) {
      size depth = K - k0 < DEPTH ? K - k0 : DEPTH, width = N - n < COLUMNS ? N - n : COLUMNS;
      const real *from = B + k0 * down + n * right;
      if (width < COLUMNS) memset(panel, 0, depth * COLUMNS * sizeof(real));
      if (right == 1)
        for (size k = 0; k < depth; k++) memcpy(panel + k * COLUMNS, from + k * down, width * sizeof(real));
      else
        for (size k = 0; k < depth; k++)
          for (size c = 0; c < width; c++) panel[k * COLUMNS + c] = from[k * down + c * right];
      panel += depth * COLUMNS;
    }
}

/* `m` rows of C, `v` vectors wide, from one panel; both are constants where this is called, and C stays in registers */
static inline __attribute__((always_inline)) void rows_times_panel(const int m, const int v, size K, const real *A, size lda,
                                                                   const real *panel, real *C, size ldc, int add) {
  vector sum[8][2];
  UNROLL for (int i = 0; i < m; i++)
    UNROLL for (int j = 0; j < v; j++) sum[i][j] = add ? vector_at(C + i * ldc + j * LANES) : (vector){0};
  for (size k = 0; k < K; k++) {
    vector b[2];
    UNROLL for (int j = 0; j < v; j++) b[j] = vector_at(panel + k * COLUMNS + j * LANES);
    UNROLL for (int i = 0; i < m; i++)
      UNROLL for (int j = 0; j < v; j++) sum[i][j] += A[i * lda + k] * b[j];
  }
  UNROLL for (int i = 0; i < m; i++)
    UNROLL for (int j = 0; j < v; j++) put(sum[i][j], C + i * ldc + j * LANES);
}

/* one row: four sums beside each other, since there are no other rows to wait for */
static inline __attribute__((always_inline)) void row_times_panel(const int v, size K, const real *A, const real *panel, real *C,
                                                                  int add) {
  vector sum[4][2];
  UNROLL for (int i = 0; i < 4; i++)
    UNROLL for (int j = 0; j < v; j++) sum[i][j] = add && !i ? vector_at(C + j * LANES) : (vector){0};
  size k = 0;
  for (; k + 4 <= K; k += 4)
    UNROLL for (int i = 0; i < 4; i++)
      UNROLL for (int j = 0; j < v; j++) sum[i][j] += A[k + i] * vector_at(panel + (k + i) * COLUMNS + j * LANES);
  for (; k < K; k++)
    UNROLL for (int j = 0; j < v; j++) sum[0][j] += A[k] * vector_at(panel + k * COLUMNS + j * LANES);
  UNROLL for (int j = 0; j < v; j++) put((sum[0][j] + sum[1][j]) + (sum[2][j] + sum[3][j]), C + j * LANES);
}

#define CASE(m) case m: rows_times_panel(m, v, K, A, lda, panel, C, ldc, add); break;
static inline __attribute__((always_inline)) void all_rows(size M, const int v, size K, const real *A, size lda,
                                                           const real *panel, real *C, size ldc, int add) {
  while (M) {
    size m = M > 8 && M < 16 ? (M + 1) / 2 : M < 8 ? M : 8; /* 9 as 5 and 4: a single row is slow */
    switch (m) {
      CASE(8) CASE(7) CASE(6) CASE(5) CASE(4) CASE(3) CASE(2)
      default: row_times_panel(v, K, A, panel, C, add);
    }
    M -= m, A += m * lda, C += m * ldc;
  }
}

/* C (M, N) = A (M, K) @ the packed B; the rows of A are lda apart, those of C ldc */
static void times(size M, size N, size K, const real *A, size lda, const real *panel, real *C, size ldc) {
  for (size k0 = 0; k0 < K; k0 += DEPTH) {
    size depth = K - k0 < DEPTH ? K - k0 : DEPTH;
    for (size n = 0; n < N; n += COLUMNS, panel += depth * COLUMNS) {
      size width = N - n;
      if (width >= COLUMNS)
        all_rows(M, 2, depth, A + k0, lda, panel, C + n, ldc, k0 > 0);
      else if (width == LANES)
        all_rows(M, 1, depth, A + k0, lda, panel, C + n, ldc, k0 > 0);
      else
        for (size m = 0; m < M; m++) { /* the last columns, through a row of their own */
          real edge[COLUMNS] = {0};
          if (k0) memcpy(edge, C + m * ldc + n, width * sizeof(real));
          if (width > LANES) row_times_panel(2, depth, A + m * lda + k0, panel, edge, k0 > 0);
          else row_times_panel(1, depth, A + m * lda + k0, panel, edge, k0 > 0);
          memcpy(C + m * ldc + n, edge, width * sizeof(real));
        }
    }
  }
}
