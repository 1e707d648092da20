#pragma once
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <sstream>
#include <string>

namespace capmap::support {

/// SQLite's own file layer with a process that dies at its N-th write, sync or truncation, a write half done. Beside each file
/// FILE.synced holds what fsync has made last: what a machine whose power fails keeps at least. One thread; for child processes.
class DyingDisk {
 public:
  /// From now on all databases of this process go through it. dies_at counts from 1; 0 = never.
  static void install(long dies_at) {
    state() = {.under = sqlite3_vfs_find(nullptr), .dies_at = dies_at, .done = 0, .mine = {}};
    sqlite3_vfs& mine = state().mine;
    mine = *state().under;
    mine.zName = "dying";
    mine.szOsFile = static_cast<int>(sizeof(File)) + state().under->szOsFile;
    mine.xOpen = open_file;
    sqlite3_vfs_register(&mine, 1);
  }
  /// Steps done so far.
  static long steps() { return state().done; }
  static constexpr int kDied = 77;  ///< exit code

 private:
  struct State {
    sqlite3_vfs* under;
    long dies_at, done;
    sqlite3_vfs mine;
  };
  struct File {
    sqlite3_file base;
    char path[512];
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };
  static State& state() {
    static State one{};
    return one;
  }
  static File* of(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
  static bool dies_now() { return ++state().done == state().dies_at; }

  static void keep_synced(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream all;
    all << in.rdbuf();
    std::ofstream(path + ".synced", std::ios::binary | std::ios::trunc) << all.str();
  }

  static int write(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
    auto* real = of(file)->real();
    if (dies_now()) {
      real->pMethods->xWrite(real, bytes, count / 2, offset);
      _exit(kDied);
    }
    return real->pMethods->xWrite(real, bytes, count, offset);
  }
  static int truncate(sqlite3_file* file, sqlite3_int64 size) {
    if (dies_now()) _exit(kDied);
    return of(file)->real()->pMethods->xTruncate(of(file)->real(), size);
  }
  static int sync(sqlite3_file* file, int flags) {
    if (dies_now()) _exit(kDied);
    const int code = of(file)->real()->pMethods->xSync(of(file)->real(), flags);
    if (code == SQLITE_OK) keep_synced(of(file)->path);
    return code;
  }
  // The rest goes on unchanged.
  static int close(sqlite3_file* f) { return of(f)->real()->pMethods->xClose(of(f)->real()); }
  static int read(sqlite3_file* f, void* to, int n, sqlite3_int64 at) { return of(f)->real()->pMethods->xRead(of(f)->real(), to, n, at); }
  static int size(sqlite3_file* f, sqlite3_int64* n) { return of(f)->real()->pMethods->xFileSize(of(f)->real(), n); }
  static int lock(sqlite3_file* f, int level) { return of(f)->real()->pMethods->xLock(of(f)->real(), level); }
  static int unlock(sqlite3_file* f, int level) { return of(f)->real()->pMethods->xUnlock(of(f)->real(), level); }
  static int reserved(sqlite3_file* f, int* out) { return of(f)->real()->pMethods->xCheckReservedLock(of(f)->real(), out); }
  static int control(sqlite3_file* f, int op, void* with) { return of(f)->real()->pMethods->xFileControl(of(f)->real(), op, with); }
  static int sector(sqlite3_file* f) { return of(f)->real()->pMethods->xSectorSize(of(f)->real()); }
  static int traits(sqlite3_file* f) { return of(f)->real()->pMethods->xDeviceCharacteristics(of(f)->real()); }
  static int shm_map(sqlite3_file* f, int page, int bytes, int extend, void volatile** out) {
    return of(f)->real()->pMethods->xShmMap(of(f)->real(), page, bytes, extend, out);
  }
  static int shm_lock(sqlite3_file* f, int at, int n, int flags) { return of(f)->real()->pMethods->xShmLock(of(f)->real(), at, n, flags); }
  static void shm_barrier(sqlite3_file* f) { of(f)->real()->pMethods->xShmBarrier(of(f)->real()); }
  static int shm_unmap(sqlite3_file* f, int remove) { return of(f)->real()->pMethods->xShmUnmap(of(f)->real(), remove); }

  static int open_file(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    static const sqlite3_io_methods methods = {2,        close,       read,      write,   truncate, sync,   size,
                                               lock,     unlock,      reserved,  control, sector,   traits, shm_map,
                                               shm_lock, shm_barrier, shm_unmap, nullptr, nullptr};
    file->pMethods = nullptr;
    std::strncpy(of(file)->path, name == nullptr ? "" : name, sizeof(File::path) - 1);
    const int code = state().under->xOpen(state().under, name, of(file)->real(), flags, out_flags);
    if (code == SQLITE_OK) file->pMethods = &methods;
    return code;
  }
};

}  // namespace capmap::support
