#include "base/testing/faulty_filesystem.h"

#include <algorithm>

namespace turnscope::testing {

class FaultyFileSystem::FaultyFile final : public File {
 public:
  FaultyFile(FaultyFileSystem& fs, std::unique_ptr<File> below, std::string path)
      : fs_(fs), below_(std::move(below)), path_(std::move(path)) {}

  Result<std::size_t> read_at(void* buffer, std::size_t size, std::uint64_t offset) const override {
    if (const auto f = fs_.hit(Operation::read, path_)) return fail(system_error("read", path_, f->code));
    return below_->read_at(buffer, size, offset);
  }
  Status write_at(std::span<const iovec> pieces, std::uint64_t offset) override {
    const auto f = fs_.hit(Operation::write, path_);
    if (!f) return below_->write_at(pieces, offset);
    std::size_t left = f->short_bytes;
    for (const auto& piece : pieces) {
      const std::size_t n = std::min(left, piece.iov_len);
      if (n == 0) break;
      (void)below_->File::write_at(std::string_view(static_cast<const char*>(piece.iov_base), n), offset);
      offset += n;
      left -= n;
    }
    return fail(system_error("write", path_, f->code));
  }
  Status sync_data() override {
    if (const auto f = fs_.hit(Operation::sync, path_)) return fail(system_error("sync", path_, f->code));
    return below_->sync_data();
  }
  Status truncate(std::uint64_t size) override {
    if (const auto f = fs_.hit(Operation::truncate, path_))
      return fail(system_error("truncate", path_, f->code));
    return below_->truncate(size);
  }
  Status allocate(std::uint64_t size) override {
    if (const auto f = fs_.hit(Operation::allocate, path_))
      return fail(system_error("allocate", path_, f->code));
    return below_->allocate(size);
  }
  Result<std::uint64_t> size() const override { return below_->size(); }
  void drop_cache() const override { below_->drop_cache(); }

 private:
  FaultyFileSystem& fs_;
  std::unique_ptr<File> below_;
  std::string path_;
};

void FaultyFileSystem::inject(Fault fault) {
  std::lock_guard lock(mutex_);
  faults_.push_back(std::move(fault));
}

void FaultyFileSystem::clear() {
  std::lock_guard lock(mutex_);
  faults_.clear();
}

int FaultyFileSystem::failures() const {
  std::lock_guard lock(mutex_);
  return failures_;
}

std::optional<Fault> FaultyFileSystem::hit(Operation operation, const std::string& path) {
  std::lock_guard lock(mutex_);
  for (auto it = faults_.begin(); it != faults_.end(); ++it) {
    if (it->operation != operation || path.find(it->path_contains) == std::string::npos) continue;
    if (it->nth > 1) {
      --it->nth;
      continue;
    }
    ++failures_;
    Fault f = *it;
    if (!f.permanent) faults_.erase(it);
    return f;
  }
  return std::nullopt;
}

Result<std::unique_ptr<File>> FaultyFileSystem::open(const std::string& path, OpenMode mode) {
  if (const auto f = hit(Operation::open, path)) return fail(system_error("open", path, f->code));
  TS_ASSIGN(auto file, below_.open(path, mode));
  return std::make_unique<FaultyFile>(*this, std::move(file), path);
}

Status FaultyFileSystem::rename(const std::string& from, const std::string& to) {
  if (const auto f = hit(Operation::rename, to)) return fail(system_error("rename", to, f->code));
  return below_.rename(from, to);
}

Status FaultyFileSystem::remove(const std::string& path) {
  if (const auto f = hit(Operation::remove, path)) return fail(system_error("remove", path, f->code));
  return below_.remove(path);
}

Status FaultyFileSystem::sync_directory(const std::string& directory) {
  if (const auto f = hit(Operation::sync_directory, directory)) {
    return fail(system_error("sync directory", directory, f->code));
  }
  return below_.sync_directory(directory);
}

}  // namespace turnscope::testing
