#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <unordered_map>

#include "common/log.hpp"
#include "controller/store/files.hpp"
#include "controller/store/lines.hpp"
#include "controller/store/store.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMaxStoreBytes = std::size_t{4} << 30;

/// Replaces the record with the same key, or adds it.
template <class Record, class Key>
void put_record(std::vector<Record>& records, std::unordered_map<std::string, std::size_t>& index, const Key& key, const Record& record) {
  const auto [place, added] = index.try_emplace(key, records.size());
  if (added) {
    records.push_back(record);
  } else {
    records[place->second] = record;
  }
}

class FileStore final : public Store {
 public:
  FileStore(std::string directory, int lock_fd) : path_(std::move(directory) + "/store.jsonl"), lock_fd_(lock_fd) {}
  ~FileStore() override {
    if (fd_ >= 0) close(fd_);
    close(lock_fd_);
  }
  FileStore(const FileStore&) = delete;
  FileStore& operator=(const FileStore&) = delete;

  Result<Done> open_and_load();

  [[nodiscard]] const StoredState& state() const override { return state_; }
  Result<Done> put_site(const Site& site) override { return put(site); }
  Result<Done> put_token(const TokenRecord& token) override { return put(token); }
  Result<Done> put_node(const KnownNode& node, const TokenRecord& token_after) override { return put(NodeLine{node, token_after}); }
  [[nodiscard]] std::uint64_t failed_puts() const override { return failed_puts_; }

 private:
  Result<Done> load(std::string_view content);
  void apply(const StoreLine& line);
  Result<Done> compact();
  Result<Done> put(const StoreLine& line);
  Result<Done> append(const std::string& text);

  std::string path_;
  int lock_fd_;
  int fd_ = -1;
  off_t size_ = 0;
  StoredState state_;
  std::unordered_map<std::string, std::size_t> site_index_, token_index_, node_index_;
  std::uint64_t failed_puts_ = 0;
};

void FileStore::apply(const StoreLine& line) {
  if (const auto* site = std::get_if<Site>(&line)) {
    put_record(state_.sites, site_index_, to_text(site->id), *site);
  } else if (const auto* token = std::get_if<TokenRecord>(&line)) {
    put_record(state_.tokens, token_index_, token->secret_hash, *token);
  } else if (const auto* node = std::get_if<NodeLine>(&line)) {
    put_record(state_.nodes, node_index_, to_text(node->node.id), node->node);
    if (node->token) put_record(state_.tokens, token_index_, node->token->secret_hash, *node->token);
  }
}

Result<Done> FileStore::load(std::string_view content) {
  std::size_t number = 0;
  while (!content.empty()) {
    ++number;
    const auto end = content.find('\n');
    if (end == std::string_view::npos) {  // torn by a crash before its fsync: nobody was told it is kept
      log_warn("store_torn_line", {{"file", path_}, {"line", number}, {"bytes", content.size()}, {"action", "dropped"}});
      return Done{};
    }
    const auto text = content.substr(0, end);
    content.remove_prefix(end + 1);
    if (number == 1) {
      if (text != kStoreHeader)
        return Error{ErrorCode::kMalformed, path_ + ":1: not a store of this version (expected " + kStoreHeader + ")"};
      continue;
    }
    const auto line = read_line(text);
    if (!line) {
      return Error{ErrorCode::kMalformed,
                   path_ + ":" + std::to_string(number) + ": " + line.error().what +
                       "; the file was changed by hand or by a failing disk: restore it from a backup, or remove that line"};
    }
    apply(*line);
  }
  return Done{};
}

Result<Done> FileStore::compact() {
  std::string content = std::string(kStoreHeader) + "\n";
  for (const auto& site : state_.sites) content += write_line(site) + "\n";
  for (const auto& token : state_.tokens) content += write_line(token) + "\n";
  for (const auto& node : state_.nodes) content += write_line(NodeLine{node, {}}) + "\n";
  return write_file_atomically(path_, content, 0600);
}

Result<Done> FileStore::open_and_load() {
  auto content = read_whole_file(path_, kMaxStoreBytes);
  if (content) {
    if (auto loaded = load(*content); !loaded) return loaded;
  } else if (content.error().code != ErrorCode::kAbsent) {
    return content.error();
  }
  if (auto compacted = compact(); !compacted) {
    if (!content) return compacted;  // no file and no way to make one
    log_warn("store_not_compacted", {{"what", compacted.error().what}});
    const auto whole = content->rfind('\n');  // the torn tail must not stand in front of the next line
    if (truncate(path_.c_str(), whole == std::string::npos ? 0 : static_cast<off_t>(whole) + 1) != 0)
      return file_error(path_, "truncate", errno);
  }
  fd_ = open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (fd_ < 0) return file_error(path_, "open", errno);
  struct stat status {};
  if (fstat(fd_, &status) != 0) return file_error(path_, "stat", errno);
  size_ = status.st_size;
  return Done{};
}

Result<Done> FileStore::append(const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t wrote = write(fd_, text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return file_error(path_, "write", errno);
    done += static_cast<std::size_t>(wrote);
  }
  if (fdatasync(fd_) != 0) return file_error(path_, "fsync", errno);
  return Done{};
}

Result<Done> FileStore::put(const StoreLine& line) {
  const std::string text = write_line(line) + "\n";
  auto appended = append(text);
  if (appended) {
    size_ += static_cast<off_t>(text.size());
    apply(line);
    return appended;
  }
  ++failed_puts_;
  if (ftruncate(fd_, size_) != 0) {  // half a line must never stand before a whole one
    appended =
        Error{appended.error().code, appended.error().what + "; the half-written line could not be taken back: restart the controller"};
  }
  return appended;
}

}  // namespace

Result<std::unique_ptr<Store>> open_file_store(const std::string& directory) {
  const std::string lock_path = directory + "/lock";
  const int lock_fd = open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_fd < 0) return file_error(lock_path, "open", errno);
  if (flock(lock_fd, LOCK_EX | LOCK_NB) != 0) {
    close(lock_fd);
    return Error{ErrorCode::kUnavailable, directory + ": another capmap-controller is using this state folder"};
  }
  auto store = std::make_unique<FileStore>(directory, lock_fd);
  if (auto opened = store->open_and_load(); !opened) return opened.error();
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace capmap
