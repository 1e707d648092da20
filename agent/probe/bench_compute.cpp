#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <latch>
#include <memory>
#include <new>
#include <thread>

#include "agent/probe/bench_run.hpp"

namespace capmap {
namespace {

using Now = std::chrono::steady_clock;

constexpr std::uint32_t kLargestMatrix = 16'384, kSmallestMatrix = 256, kMatrixStep = 64, kTrialMatrix = 512;
constexpr std::uint64_t kRunsAtLeast = 8;  // multiplications in the time there is
constexpr std::size_t kChecked = 64;       // elements of a product that are worked out by hand
constexpr std::uint64_t kMostTriadBytes = std::uint64_t{256} << 20U, kLeastTriadBytes = std::uint64_t{1} << 20U;  // an array of one thread
constexpr int kRowMajor = 101, kNoTranspose = 111;  // CBLAS_ORDER, CBLAS_TRANSPOSE

struct Blas {
  const char* file;
  const char* set_threads;
};
constexpr std::array<Blas, 6> kLibraries = {{{"libopenblas.so.0", "openblas_set_num_threads"},
                                             {"libopenblas.so", "openblas_set_num_threads"},
                                             {"libopenblasp.so.0", "openblas_set_num_threads"},
                                             {"libblis.so.4", "bli_thread_set_num_threads"},
                                             {"libblis.so.3", "bli_thread_set_num_threads"},
                                             {"libblis.so", "bli_thread_set_num_threads"}}};

/// cblas_dgemm or cblas_sgemm.
template <class T>
using Gemm = void (*)(int order, int transpose_a, int transpose_b, int m, int n, int k, T alpha, const T* a, int lda, const T* b, int ldb,
                      T beta, T* c, int ldc);

std::uint64_t rate(std::uint64_t amount, Now::duration took) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  return us > 0 ? amount / static_cast<std::uint64_t>(us) : 0;  // a microsecond's units are millions a second
}

Error stopped() {
  return {ErrorCode::kTimeout, "stopped"};
}

/// Side of three square matrices that fit the budget.
std::uint32_t matrix_size(std::uint64_t budget, std::size_t element_bytes) {
  std::uint32_t size = kLargestMatrix;
  while (size > kSmallestMatrix && std::uint64_t{3} * size * size * element_bytes > budget) size -= kMatrixStep;
  return size;
}

/// Three square matrices of at most `largest` a side; memory is taken for what is used.
template <class T>
class Matrices {
 public:
  Matrices(Gemm<T> gemm, std::uint32_t largest) : gemm_(gemm) {
    const std::size_t count = std::size_t{largest} * largest;
    for (auto* matrix : {&a_, &b_, &c_}) matrix->reset(new (std::nothrow) T[count]);
  }
  [[nodiscard]] bool there() const { return a_ && b_ && c_; }

  void fill(std::uint32_t size) {
    size_ = size;
    const std::size_t count = std::size_t{size} * size;
    for (std::size_t i = 0; i < count; ++i) {
      a_[i] = static_cast<T>(i % 7) - 3;
      b_[i] = static_cast<T>(i % 5) - 2;
      c_[i] = 0;
    }
  }
  void multiply() {
    const int side = static_cast<int>(size_);
    gemm_(kRowMajor, kNoTranspose, kNoTranspose, side, side, side, T{1}, a_.get(), side, b_.get(), side, T{0}, c_.get(), side);
  }
  /// Elements from all over the product against sums of whole numbers, which both types hold exactly.
  [[nodiscard]] bool is_right() const {
    const std::size_t n = size_, count = n * n, step = count / kChecked + n + 1;
    for (std::size_t at = 0; at < count; at += step) {
      T sum = 0;
      for (std::size_t k = 0; k < n; ++k) sum += a_[at / n * n + k] * b_[k * n + at % n];
      if (sum != c_[at]) return false;
    }
    return true;
  }

 private:
  Gemm<T> gemm_;
  std::uint32_t size_ = 0;
  std::unique_ptr<T[]> a_, b_, c_;
};

/// The largest side whose multiplication takes at most its part of the time, by how long a trial took.
std::uint32_t size_in_time(std::uint32_t largest, std::uint32_t trial, Now::duration took, std::chrono::milliseconds limit) {
  const double times = std::chrono::duration<double>(limit).count() / static_cast<double>(kRunsAtLeast) /
                       std::max(std::chrono::duration<double>(took).count(), 1e-6);
  std::uint32_t size = largest;
  const auto work = [trial](std::uint32_t n) { return static_cast<double>(n) * n * n / (static_cast<double>(trial) * trial * trial); };
  while (size > kSmallestMatrix && work(size) > times) size -= kMatrixStep;
  return size;
}

template <class T>
Result<GemmResult> run_gemm(Gemm<T> gemm, const char* library, const BenchLimits& limits, const BenchClock& clock) {
  const auto largest = matrix_size(limits.memory_budget(), sizeof(T));
  if (std::uint64_t{3} * largest * largest * sizeof(T) > limits.memory_budget()) {
    return Error{ErrorCode::kFull, "not enough memory may be used"};
  }
  Matrices<T> matrices(gemm, largest);
  if (!matrices.there()) return Error{ErrorCode::kFull, "not enough memory"};
  const auto trial = std::min(largest, kTrialMatrix);
  matrices.fill(trial);
  matrices.multiply();  // threads start
  const auto before = Now::now();
  matrices.multiply();
  const auto size = size_in_time(largest, trial, Now::now() - before, clock.limit());
  matrices.fill(size);
  if (clock.stopped()) return stopped();
  matrices.multiply();  // pages come
  if (!matrices.is_right()) return Error{ErrorCode::kUnavailable, std::string(library) + ": multiplies wrongly"};
  std::uint64_t runs = 0;
  const auto begin = Now::now();
  do {
    matrices.multiply();
    ++runs;
  } while (!clock.over());
  const auto took = Now::now() - begin;
  if (clock.stopped()) return stopped();
  return GemmResult{.mflops = rate(2 * runs * size * size * size, took), .library = library, .size = size, .threads = limits.threads()};
}

template <class T>
std::vector<double> product_of(Gemm<T> gemm, std::uint32_t n, const std::vector<double>& a, const std::vector<double>& b) {
  const std::vector<T> left(a.begin(), a.end()), right(b.begin(), b.end());
  std::vector<T> product(left.size());
  const int side = static_cast<int>(n);
  gemm(kRowMajor, kNoTranspose, kNoTranspose, side, side, side, T{1}, left.data(), side, right.data(), side, T{0}, product.data(), side);
  return {product.begin(), product.end()};
}

/// cblas_dgemm or cblas_sgemm of the first library that is installed.
struct LoadedBlas {
  const char* file;
  void *gemm, *set_threads;
};
Result<LoadedBlas> load_blas(bool fp64) {
  for (const auto& library : kLibraries) {
    void* const handle = dlopen(library.file, RTLD_NOW | RTLD_LOCAL);  // stays loaded: its threads do
    void* const gemm = handle == nullptr ? nullptr : dlsym(handle, fp64 ? "cblas_dgemm" : "cblas_sgemm");
    if (gemm != nullptr) return LoadedBlas{.file = library.file, .gemm = gemm, .set_threads = dlsym(handle, library.set_threads)};
  }
  return Error{ErrorCode::kAbsent, "neither OpenBLAS nor BLIS is installed"};
}

void pin_to(unsigned pu) {
  cpu_set_t* const set = CPU_ALLOC(pu + 1);
  if (set == nullptr) return;
  const std::size_t size = CPU_ALLOC_SIZE(pu + 1);
  CPU_ZERO_S(size, set);
  CPU_SET_S(pu, size, set);
  pthread_setaffinity_np(pthread_self(), size, set);  // unpinned is slower, not wrong
  CPU_FREE(set);
}

struct TriadShare {
  std::uint64_t rate = 0;
  bool failed = false;
};

/// One thread's part: its own three arrays, touched first by itself.
void run_triad(unsigned pu, std::size_t count, const BenchClock& clock, std::latch& ready, TriadShare& share) {
  pin_to(pu);
  const auto array = [count] { return std::unique_ptr<double[]>(new (std::nothrow) double[count]); };
  const auto a = array(), b = array(), c = array();
  share.failed = !a || !b || !c;
  for (std::size_t i = 0; i < count && !share.failed; ++i) {
    a[i] = 0;
    b[i] = 1;
    c[i] = 2;
  }
  ready.arrive_and_wait();
  if (share.failed) return;
  std::uint64_t passes = 0;
  double scale = 3;
  const auto begin = Now::now();
  do {
    for (std::size_t i = 0; i < count; ++i) a[i] = b[i] + scale * c[i];
    scale = a[passes % count] > 0 ? 3 : 4;  // each pass needs the one before
    ++passes;
  } while (!clock.over());
  share.rate = rate(passes * count * 3 * sizeof(double), Now::now() - begin);
}

}  // namespace

Result<GemmResult> bench_gemm(bool fp64, const BenchLimits& limits, const BenchClock& clock) {
  const auto blas = load_blas(fp64);
  if (!blas) return blas.error();
  if (blas->set_threads != nullptr) reinterpret_cast<void (*)(int)>(blas->set_threads)(static_cast<int>(limits.threads()));
  if (fp64) return run_gemm(reinterpret_cast<Gemm<double>>(blas->gemm), blas->file, limits, clock);
  return run_gemm(reinterpret_cast<Gemm<float>>(blas->gemm), blas->file, limits, clock);
}

Result<std::vector<double>> multiply_once(bool fp64, std::uint32_t n, const std::vector<double>& a, const std::vector<double>& b) {
  const std::size_t count = std::size_t{n} * n;
  if (n == 0 || n > kLargestMatrix || a.size() != count || b.size() != count) {
    return Error{ErrorCode::kMalformed, "matrices of another size"};
  }
  const auto blas = load_blas(fp64);
  if (!blas) return blas.error();
  if (fp64) return product_of(reinterpret_cast<Gemm<double>>(blas->gemm), n, a, b);
  return product_of(reinterpret_cast<Gemm<float>>(blas->gemm), n, a, b);
}

Result<TriadResult> bench_triad(const BenchLimits& limits, const BenchClock& clock) {
  const auto threads = limits.threads();
  const auto array_bytes = std::min(limits.memory_budget() / (3 * threads), kMostTriadBytes);
  if (array_bytes < kLeastTriadBytes) return Error{ErrorCode::kFull, "not enough memory may be used"};
  const std::size_t count = array_bytes / sizeof(double);
  std::vector<TriadShare> shares(threads);
  std::latch ready(threads);
  {
    std::vector<std::jthread> running;
    for (std::uint32_t i = 0; i < threads; ++i) {
      const unsigned pu = i < limits.pus.size() ? limits.pus[i] : 0;
      running.emplace_back([&, pu, i] { run_triad(pu, count, clock, ready, shares[i]); });
    }
  }
  TriadResult result{.megabytes_a_second = 0, .bytes = std::uint64_t{3} * threads * count * sizeof(double), .threads = threads};
  for (const auto& share : shares) {
    if (share.failed) return Error{ErrorCode::kFull, "not enough memory"};
    result.megabytes_a_second += share.rate;
  }
  if (clock.stopped()) return stopped();
  return result;
}

}  // namespace capmap
