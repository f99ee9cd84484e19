// Objects as files of a directory, each replaced as a whole.
#include <fmt/format.h>
#include <unistd.h>

#include "store/objects/object_store.h"

namespace turnscope::store {
namespace {

class LocalObjects final : public ObjectStore {
 public:
  LocalObjects(std::string directory, FileSystem& fs) : directory_(std::move(directory)), fs_(fs) {}

  Status put(const std::string& key, std::string_view bytes) override {
    const auto path = join_path(directory_, key);
    TS_TRY(fs_.make_directories(parent_directory(path)));
    return fs_.replace_file(path, bytes);
  }
  Result<std::string> get(const std::string& key) override {
    return fs_.read_file(join_path(directory_, key));
  }
  Status remove(const std::string& key) override {
    auto path = join_path(directory_, key);
    if (auto done = fs_.remove(path); !done && done.error().kind != ErrorKind::not_found) return done;
    // Folders of the span and of the trace, once they are empty.
    for (int up = 0; up < 2; ++up) {
      path = parent_directory(path);
      if (::rmdir(path.c_str()) != 0) break;
    }
    return {};
  }

 private:
  const std::string directory_;
  FileSystem& fs_;
};

}  // namespace

Result<std::unique_ptr<ObjectStore>> open_local_objects(std::string directory, FileSystem& fs) {
  TS_TRY(fs.make_directories(directory));
  const auto probe = join_path(directory, ".writable");
  TS_TRY(fs.replace_file(probe, ""));
  TS_TRY(fs.remove(probe));
  return std::unique_ptr<ObjectStore>(std::make_unique<LocalObjects>(std::move(directory), fs));
}

}  // namespace turnscope::store
