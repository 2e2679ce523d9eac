/* Stands in for OpenCV's own OpenBLAS and passes its nineteen calls on to NumPy's, which counts in 64 bits.

   NumPy's library is the same OpenBLAS with 8-byte integers and names of its own: integers are widened on the way in,
   and arrays of integers narrowed on the way out. The two cblas layouts agree but for the width of sizes. */
#include <stdint.h>
#include <stdlib.h>

typedef int64_t wide;

#define GEMM(kind, scalar)                                                                                              \
    void scipy_cblas_##kind##gemm64_(int, int, int, wide, wide, wide, scalar, const void *, wide, const void *, wide,    \
                                     scalar, void *, wide);                                                             \
    void cblas_##kind##gemm(int order, int ta, int tb, int m, int n, int k, scalar alpha, const void *a, int lda,        \
                            const void *b, int ldb, scalar beta, void *c, int ldc)                                      \
    {                                                                                                                   \
        scipy_cblas_##kind##gemm64_(order, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);                        \
    }
GEMM(s, float)
GEMM(d, double)
GEMM(c, const void *)
GEMM(z, const void *)

static int least(int a, int b) { return a < b ? a : b; }

static void narrow(const wide *from, int *to, int count)
{
    for (int at = 0; at < count; at++)
        to[at] = (int)from[at];
}

/* Fortran's hidden lengths of the character arguments stand at the end. */
#define LAPACK(kind)                                                                                                    \
    void scipy_##kind##gels_64_(const char *, wide *, wide *, wide *, void *, wide *, void *, wide *, void *, wide *,    \
                                wide *, size_t);                                                                        \
    void kind##gels_(const char *trans, int *m, int *n, int *nrhs, void *a, int *lda, void *b, int *ldb, void *work,     \
                     int *lwork, int *info)                                                                             \
    {                                                                                                                   \
        wide m_ = *m, n_ = *n, nrhs_ = *nrhs, lda_ = *lda, ldb_ = *ldb, lwork_ = *lwork, info_ = 0;                      \
        scipy_##kind##gels_64_(trans, &m_, &n_, &nrhs_, a, &lda_, b, &ldb_, work, &lwork_, &info_, 1);                   \
        *info = (int)info_;                                                                                             \
    }                                                                                                                   \
    void scipy_##kind##geqrf_64_(wide *, wide *, void *, wide *, void *, void *, wide *, wide *);                        \
    void kind##geqrf_(int *m, int *n, void *a, int *lda, void *tau, void *work, int *lwork, int *info)                   \
    {                                                                                                                   \
        wide m_ = *m, n_ = *n, lda_ = *lda, lwork_ = *lwork, info_ = 0;                                                  \
        scipy_##kind##geqrf_64_(&m_, &n_, a, &lda_, tau, work, &lwork_, &info_);                                         \
        *info = (int)info_;                                                                                             \
    }                                                                                                                   \
    void scipy_##kind##gesdd_64_(const char *, wide *, wide *, void *, wide *, void *, void *, wide *, void *, wide *,   \
                                 void *, wide *, wide *, wide *, size_t);                                               \
    void kind##gesdd_(const char *jobz, int *m, int *n, void *a, int *lda, void *s, void *u, int *ldu, void *vt,         \
                      int *ldvt, void *work, int *lwork, int *iwork, int *info)                                         \
    {                                                                                                                   \
        wide m_ = *m, n_ = *n, lda_ = *lda, ldu_ = *ldu, ldvt_ = *ldvt, lwork_ = *lwork, info_ = 0;                      \
        wide *scratch = malloc(8 * sizeof(wide) * (size_t)(least(*m, *n) + 1));                                         \
        (void)iwork;                                                                                                    \
        scipy_##kind##gesdd_64_(jobz, &m_, &n_, a, &lda_, s, u, &ldu_, vt, &ldvt_, work, &lwork_, scratch, &info_, 1);   \
        free(scratch);                                                                                                  \
        *info = (int)info_;                                                                                             \
    }                                                                                                                   \
    void scipy_##kind##gesv_64_(wide *, wide *, void *, wide *, wide *, void *, wide *, wide *);                         \
    void kind##gesv_(int *n, int *nrhs, void *a, int *lda, int *ipiv, void *b, int *ldb, int *info)                      \
    {                                                                                                                   \
        wide n_ = *n, nrhs_ = *nrhs, lda_ = *lda, ldb_ = *ldb, info_ = 0;                                                \
        wide *pivots = malloc(sizeof(wide) * (size_t)(*n + 1));                                                         \
        scipy_##kind##gesv_64_(&n_, &nrhs_, a, &lda_, pivots, b, &ldb_, &info_);                                         \
        if (info_ >= 0)                                                                                                 \
            narrow(pivots, ipiv, *n);                                                                                   \
        free(pivots);                                                                                                   \
        *info = (int)info_;                                                                                             \
    }                                                                                                                   \
    void scipy_##kind##getrf_64_(wide *, wide *, void *, wide *, wide *, wide *);                                        \
    void kind##getrf_(int *m, int *n, void *a, int *lda, int *ipiv, int *info)                                           \
    {                                                                                                                   \
        wide m_ = *m, n_ = *n, lda_ = *lda, info_ = 0;                                                                  \
        wide *pivots = malloc(sizeof(wide) * (size_t)(least(*m, *n) + 1));                                              \
        scipy_##kind##getrf_64_(&m_, &n_, a, &lda_, pivots, &info_);                                                     \
        if (info_ >= 0)                                                                                                 \
            narrow(pivots, ipiv, least(*m, *n));                                                                        \
        free(pivots);                                                                                                   \
        *info = (int)info_;                                                                                             \
    }                                                                                                                   \
    void scipy_##kind##posv_64_(const char *, wide *, wide *, void *, wide *, void *, wide *, wide *, size_t);           \
    void kind##posv_(const char *uplo, int *n, int *nrhs, void *a, int *lda, void *b, int *ldb, int *info)               \
    {                                                                                                                   \
        wide n_ = *n, nrhs_ = *nrhs, lda_ = *lda, ldb_ = *ldb, info_ = 0;                                                \
        scipy_##kind##posv_64_(uplo, &n_, &nrhs_, a, &lda_, b, &ldb_, &info_, 1);                                        \
        *info = (int)info_;                                                                                             \
    }                                                                                                                   \
    void scipy_##kind##potrf_64_(const char *, wide *, void *, wide *, wide *, size_t);                                  \
    void kind##potrf_(const char *uplo, int *n, void *a, int *lda, int *info)                                            \
    {                                                                                                                   \
        wide n_ = *n, lda_ = *lda, info_ = 0;                                                                           \
        scipy_##kind##potrf_64_(uplo, &n_, a, &lda_, &info_, 1);                                                         \
        *info = (int)info_;                                                                                             \
    }
LAPACK(s)
LAPACK(d)

void scipy_dgeev_64_(const char *, const char *, wide *, void *, wide *, void *, void *, void *, wide *, void *, wide *,
                     void *, wide *, wide *, size_t, size_t);
void dgeev_(const char *jobvl, const char *jobvr, int *n, void *a, int *lda, void *wr, void *wi, void *vl, int *ldvl,
            void *vr, int *ldvr, void *work, int *lwork, int *info)
{
    wide n_ = *n, lda_ = *lda, ldvl_ = *ldvl, ldvr_ = *ldvr, lwork_ = *lwork, info_ = 0;
    scipy_dgeev_64_(jobvl, jobvr, &n_, a, &lda_, wr, wi, vl, &ldvl_, vr, &ldvr_, work, &lwork_, &info_, 1, 1);
    *info = (int)info_;
}
