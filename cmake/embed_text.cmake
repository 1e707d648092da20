# Writes a C++ source that holds a file's text: cmake -DFROM=… -DTO=… -DNAME=… -P embed_text.cmake
# In parts, because compilers need not take a literal of any length.
file(READ ${FROM} text)
string(LENGTH "${text}" length)
set(out "#include <string>\n\nnamespace capmap {\n\nextern const std::string ${NAME};\nconst std::string ${NAME} = std::string()")
set(at 0)
while(at LESS length)
  string(SUBSTRING "${text}" ${at} 8000 part)
  string(APPEND out " +\n  R\"~~~~(${part})~~~~\"")
  math(EXPR at "${at} + 8000")
endwhile()
file(WRITE ${TO} "${out};\n\n}  // namespace capmap\n")
