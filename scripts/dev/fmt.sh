# ./dev fmt [--check]: clang-format over our C++ and prettier-like rules of the web folder.
cpp_files() { git ls-files --cached --others --exclude-standard 'src/*.h' 'src/*.cc' 'sdk/*.h' 'sdk/*.cc' 'examples/*.h' 'examples/*.cc' 'bench/*.h' 'bench/*.cc' 'tests/*.h' 'tests/*.cc'; }

cmd_fmt() {
  case "${1:-}" in
    -h|--help) echo "Usage: ./dev fmt [--check]" ;;
    --check) cpp_files | xargs -r clang-format --dry-run -Werror ;;
    *) cpp_files | xargs -r clang-format -i ;;
  esac
}
