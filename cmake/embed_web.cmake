# Writes a C++ source that holds the console as it was built, each file as it is, by gzip and by brotli:
#   cmake -DFROM=controller/web/dist -DTO=….cpp -P embed_web.cmake
# The assembler takes the bytes in (.incbin), so no compiler reads them as text. Files lie in FROM; compressed ones beside them as NAME.gz, NAME.br.
file(GLOB names RELATIVE ${FROM} ${FROM}/*)
set(table "")
set(count 0)
set(assembly "")
set(declared "")
foreach(name ${names})
  if(name MATCHES "[.](gz|br)$")
    continue()
  endif()
  set(row "    {\"${name}\"")
  foreach(end "" .gz .br)
    if(NOT EXISTS ${FROM}/${name}${end})
      message(FATAL_ERROR "${FROM}/${name}${end} is missing: npm run build in controller/web makes it")
    endif()
    set(symbol capmap_web_${count})
    string(APPEND assembly "asm(\".section .rodata\\n.balign 16\\n${symbol}:\\n.incbin \\\"${FROM}/${name}${end}\\\"\\n${symbol}_end:\\n.previous\");\n")
    string(APPEND declared "extern \"C\" __attribute__((visibility(\"hidden\"))) const char ${symbol}[], ${symbol}_end[];\n")
    string(APPEND row ", std::string_view(${symbol}, static_cast<std::size_t>(${symbol}_end - ${symbol}))")
    math(EXPR count "${count} + 1")
  endforeach()
  string(APPEND table "${row}},\n")
endforeach()
file(WRITE ${TO} "#include \"controller/http/web_files.hpp\"\n\n${assembly}\n${declared}
namespace capmap {

const std::vector<WebFile>& web_files() {
  static const std::vector<WebFile> all = {
${table}  };
  return all;
}

}  // namespace capmap
")
