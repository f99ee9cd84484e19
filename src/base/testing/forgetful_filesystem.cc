#include "base/testing/forgetful_filesystem.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <random>

namespace turnscope::testing {
namespace {
constexpr std::size_t kPage = 4096;
constexpr std::size_t kSector = 512;
}  // namespace

struct ForgetfulFileSystem::Node {
  std::string visible, durable;
};

class ForgetfulFileSystem::OpenFile final : public File {
 public:
  OpenFile(ForgetfulFileSystem& fs, std::shared_ptr<Node> node, std::string path, bool writable)
      : fs_(fs), node_(std::move(node)), path_(std::move(path)), writable_(writable) {}

  Result<std::size_t> read_at(void* buffer, std::size_t size, std::uint64_t offset) const override {
    std::lock_guard lock(fs_.mutex_);
    const std::string& bytes = node_->visible;
    if (offset >= bytes.size()) return std::size_t{0};
    const std::size_t n = std::min<std::size_t>(size, bytes.size() - offset);
    std::memcpy(buffer, bytes.data() + offset, n);
    return n;
  }
  Status write_at(std::span<const iovec> pieces, std::uint64_t offset) override {
    if (!writable_) return fail(system_error("write", path_, EBADF));
    fs_.hook();
    {
      std::lock_guard lock(fs_.mutex_);
      for (const auto& piece : pieces) {
        const std::uint64_t end = offset + piece.iov_len;
        if (end > node_->visible.size()) {
          if (fs_.used() + (end - node_->visible.size()) > fs_.capacity_) {
            return fail(system_error("write", path_, ENOSPC));
          }
          node_->visible.resize(end);
        }
        if (piece.iov_len > 0) std::memcpy(node_->visible.data() + offset, piece.iov_base, piece.iov_len);
        offset = end;
      }
    }
    fs_.hook();
    return {};
  }
  Status sync_data() override {
    fs_.hook();
    {
      std::lock_guard lock(fs_.mutex_);
      node_->durable = node_->visible;
    }
    fs_.hook();
    return {};
  }
  Status truncate(std::uint64_t size) override {
    fs_.hook();
    {
      std::lock_guard lock(fs_.mutex_);
      node_->visible.resize(size);
    }
    fs_.hook();
    return {};
  }
  Status allocate(std::uint64_t size) override {
    fs_.hook();
    std::lock_guard lock(fs_.mutex_);
    if (size <= node_->visible.size()) return {};
    if (fs_.used() + (size - node_->visible.size()) > fs_.capacity_)
      return fail(system_error("allocate", path_, ENOSPC));
    node_->visible.resize(size);
    return {};
  }
  Result<std::uint64_t> size() const override {
    std::lock_guard lock(fs_.mutex_);
    return node_->visible.size();
  }

 private:
  ForgetfulFileSystem& fs_;
  std::shared_ptr<Node> node_;
  std::string path_;
  bool writable_;
};

class ForgetfulFileSystem::Lock final : public FileLock {
 public:
  Lock(std::shared_ptr<std::set<std::string>> locked, std::string path)
      : locked_(std::move(locked)), path_(std::move(path)) {}
  ~Lock() override { locked_->erase(path_); }

 private:
  std::shared_ptr<std::set<std::string>> locked_;
  std::string path_;
};

ForgetfulFileSystem::ForgetfulFileSystem() : locked_(std::make_shared<std::set<std::string>>()) {}
ForgetfulFileSystem::~ForgetfulFileSystem() = default;

void ForgetfulFileSystem::hook() const {
  std::function<void()> f;
  {
    std::lock_guard lock(mutex_);
    f = hook_;
  }
  if (f) f();
}

void ForgetfulFileSystem::set_hook(std::function<void()> f) {
  std::lock_guard lock(mutex_);
  hook_ = std::move(f);
}

void ForgetfulFileSystem::set_capacity(std::uint64_t bytes) {
  std::lock_guard lock(mutex_);
  capacity_ = bytes;
}

std::uint64_t ForgetfulFileSystem::used() const {
  std::uint64_t sum = 0;
  for (const auto& [name, node] : visible_) sum += node->visible.size();
  return sum;
}

void ForgetfulFileSystem::apply(const Change& change, Names& names) {
  if (!change.removed.empty()) names.erase(change.removed);
  if (!change.added.empty()) names[change.added] = change.node;
}

Result<std::unique_ptr<File>> ForgetfulFileSystem::open(const std::string& path, OpenMode mode) {
  if (mode == OpenMode::create) hook();
  std::shared_ptr<Node> node;
  {
    std::lock_guard lock(mutex_);
    const auto it = visible_.find(path);
    if (it != visible_.end()) {
      node = it->second;
      if (mode == OpenMode::create) node->visible.clear();
    } else {
      if (mode != OpenMode::create) return fail(system_error("open", path, ENOENT));
      if (!directories_.contains(parent_directory(path))) return fail(system_error("open", path, ENOENT));
      node = std::make_shared<Node>();
      Change change{parent_directory(path), {}, path, node};
      apply(change, visible_);
      changes_.push_back(std::move(change));
    }
  }
  if (mode == OpenMode::create) hook();
  return std::make_unique<OpenFile>(*this, std::move(node), path, mode != OpenMode::read);
}

Status ForgetfulFileSystem::rename(const std::string& from, const std::string& to) {
  hook();
  {
    std::lock_guard lock(mutex_);
    const auto it = visible_.find(from);
    if (it == visible_.end()) return fail(system_error("rename", from, ENOENT));
    Change change{parent_directory(to), from, to, it->second};
    apply(change, visible_);
    changes_.push_back(std::move(change));
  }
  hook();
  return {};
}

Status ForgetfulFileSystem::remove(const std::string& path) {
  hook();
  {
    std::lock_guard lock(mutex_);
    if (!visible_.contains(path)) return fail(system_error("remove", path, ENOENT));
    Change change{parent_directory(path), path, {}, nullptr};
    apply(change, visible_);
    changes_.push_back(std::move(change));
  }
  hook();
  return {};
}

Status ForgetfulFileSystem::make_directories(const std::string& path) {
  std::lock_guard lock(mutex_);
  for (std::string p = path;; p = parent_directory(p)) {
    directories_.insert(p);
    if (p == "/" || p == ".") return {};
  }
}

Result<std::vector<std::string>> ForgetfulFileSystem::list(const std::string& directory) const {
  std::lock_guard lock(mutex_);
  if (!directories_.contains(directory)) return fail(system_error("list", directory, ENOENT));
  std::vector<std::string> names;
  for (const auto& [path, node] : visible_) {
    if (parent_directory(path) == directory) names.push_back(path.substr(path.rfind('/') + 1));
  }
  for (const auto& path : directories_) {
    if (path != directory && parent_directory(path) == directory)
      names.push_back(path.substr(path.rfind('/') + 1));
  }
  std::sort(names.begin(), names.end());
  return names;
}

Status ForgetfulFileSystem::sync_directory(const std::string& directory) {
  hook();
  {
    std::lock_guard lock(mutex_);
    std::vector<Change> left;
    for (auto& change : changes_) {
      if (change.directory == directory) {
        apply(change, durable_);
      } else {
        left.push_back(std::move(change));
      }
    }
    changes_ = std::move(left);
  }
  hook();
  return {};
}

bool ForgetfulFileSystem::exists(const std::string& path) const {
  std::lock_guard lock(mutex_);
  return visible_.contains(path) || directories_.contains(path) || locked_->contains(path);
}

Result<std::uint64_t> ForgetfulFileSystem::free_bytes(const std::string&) const {
  std::lock_guard lock(mutex_);
  return capacity_ - std::min(capacity_, used());
}

Result<std::unique_ptr<FileLock>> ForgetfulFileSystem::lock(const std::string& path) {
  std::lock_guard guard(mutex_);
  if (!locked_->insert(path).second)
    return fail(ErrorKind::unavailable, path + " is held by another process");
  return std::make_unique<Lock>(locked_, path);
}

std::unique_ptr<ForgetfulFileSystem> ForgetfulFileSystem::after_power_cut(PowerCut kind,
                                                                          std::uint64_t seed) const {
  std::mt19937_64 random(seed);
  auto after = std::make_unique<ForgetfulFileSystem>();
  std::lock_guard lock(mutex_);
  after->directories_ = directories_;
  after->capacity_ = capacity_;
  Names names = durable_;
  if (kind == PowerCut::keep_some && !changes_.empty()) {
    const std::size_t kept = random() % (changes_.size() + 1);
    for (std::size_t i = 0; i < kept; ++i) apply(changes_[i], names);
  }
  for (const auto& [path, node] : names) {
    auto left = std::make_shared<Node>();
    left->durable = node->durable;
    if (kind == PowerCut::keep_some && node->visible != node->durable) {
      if (random() % 2 == 0) left->durable.resize(node->visible.size());
      std::vector<std::size_t> pages;
      for (std::size_t at = 0; at < std::min(left->durable.size(), node->visible.size()); at += kPage) {
        if (random() % 2 == 0) pages.push_back(at);
      }
      const std::size_t torn = pages.empty() ? 0 : pages[random() % pages.size()];
      for (const std::size_t at : pages) {
        std::size_t n = std::min({kPage, left->durable.size() - at, node->visible.size() - at});
        if (at == torn) n = std::min(n, kSector * (random() % (kPage / kSector)));
        std::memcpy(left->durable.data() + at, node->visible.data() + at, n);
      }
    }
    left->visible = left->durable;
    after->visible_[path] = after->durable_[path] = std::move(left);
  }
  return after;
}

std::string ForgetfulFileSystem::read(const std::string& path) const {
  std::lock_guard lock(mutex_);
  const auto it = visible_.find(path);
  return it == visible_.end() ? std::string() : it->second->visible;
}

void ForgetfulFileSystem::overwrite(const std::string& path, std::string bytes) {
  std::lock_guard lock(mutex_);
  auto& node = visible_[path];
  if (!node) node = std::make_shared<Node>();
  node->visible = node->durable = std::move(bytes);
  durable_[path] = node;
}

}  // namespace turnscope::testing
