#pragma once
#include <string>

#include "controller/ctl/api.hpp"

namespace capmap {

/// What an answer is printed as.
enum class OutputFormat : unsigned char { kTable, kWide, kJson, kCsv, kYaml };

/// JSON documents, a line each as the commands print them, in another format. kCsv takes one document: the rows of its first list of
/// objects (else the object itself as one row), members of members as `outer.inner`, lists of plain values with ';' between, lists of
/// objects as JSON; the columns in order of first appearance. Numbers come as they are in the JSON: sums of bytes are decimal digits.
/// kYaml: block style, documents parted by `---`. Others: the text as it is. Errors: kMalformed (no JSON, or nothing that is a table).
/// Pure.
Result<std::string> formatted(OutputFormat format, const std::string& documents);

/// A value as YAML 1.2 that 1.1 readers take alike: text that could be read as something else stands in double quotes. Ends in '\n'. Pure.
std::string yaml_text(const ApiJson& value);
/// See formatted, kCsv. Lines end in "\r\n" (RFC 4180). Pure.
Result<std::string> csv_of(const ApiJson& answer);

}  // namespace capmap
