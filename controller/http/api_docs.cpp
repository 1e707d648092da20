#include "controller/http/api_docs.hpp"

#include <optional>

#include "controller/http/html_text.hpp"

namespace capmap {
namespace {

constexpr std::string_view kStyle =
    "body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}"
    "h2{margin-top:2.5rem;border-top:1px solid #ccc;padding-top:1rem}code,pre{font-family:monospace;font-size:.9em}"
    "pre{overflow-x:auto;background:#f4f4f4;padding:.7rem}table{border-collapse:collapse;width:100%}"
    "td,th{border:1px solid #ccc;padding:.3rem .5rem;text-align:left;vertical-align:top}nav li{list-style:none}"
    "@media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#161616}pre{background:#222}a{color:#8ab4f8}td,th,h2{border-color:#"
    "444}}";

/// A scalar as YAML writes it behind a mark: in quotes, or until one of `ends`.
std::optional<std::string> value_behind(std::string_view line, std::string_view mark, std::string_view ends) {
  const auto at = line.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  auto rest = line.substr(at + mark.size());
  if (rest.empty()) return std::string();
  if (rest[0] != '"' && rest[0] != '\'') return std::string(rest.substr(0, rest.find_first_of(ends)));
  const char quote = rest[0];
  std::string out;
  for (std::size_t i = 1; i < rest.size() && rest[i] != quote; ++i) {
    if (quote == '"' && rest[i] == '\\' && i + 1 < rest.size()) ++i;
    out += rest[i];
  }
  return out;
}

std::string last_part(std::string_view reference) {
  return std::string(reference.substr(reference.rfind('/') + 1));
}

/// Escaped text in which names of schemas are links.
std::string with_links(std::string_view text) {
  static constexpr std::string_view kMark = "#/components/schemas/";
  std::string out;
  for (auto at = text.find(kMark); at != std::string_view::npos; at = text.find(kMark)) {
    out += html_text(text.substr(0, at));
    text.remove_prefix(at + kMark.size());
    const auto name = text.substr(0, text.find_first_of("'\" }"));
    out += "<a href=\"#" + html_text(name) + "\">" + html_text(name) + "</a>";
    text.remove_prefix(name.size());
  }
  return out + html_text(text);
}

class Page {
 public:
  std::string of(std::string_view yaml) {
    while (!yaml.empty()) {
      const auto end = yaml.find('\n');
      take(yaml.substr(0, end));
      yaml.remove_prefix(end == std::string_view::npos ? yaml.size() : end + 1);
    }
    close();
    return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">"
           "<title>capmap API</title><style>" +
           std::string(kStyle) + "</style></head><body>\n<h1>" + html_text(title_) +
           "</h1>\n<p>The same for programs: <a href=\"openapi.yaml\">openapi.yaml</a></p>\n" + head_ + "<nav><ul>\n" + contents_ +
           "</ul></nav>\n" + body_ + "</body></html>\n";
  }

 private:
  enum class Part : unsigned char { kHead, kPaths, kComponents };

  void take(std::string_view line) {
    const auto blanks = std::min(line.find_first_not_of(' '), line.size());
    const auto text = line.substr(blanks);
    if (block_at_ && (text.empty() || blanks > *block_at_)) return take_block(text);
    close_block();
    if (text == "paths:") part_ = Part::kPaths;
    if (text == "components:" && blanks == 0) {
      close();
      part_ = Part::kComponents;
    }
    if (part_ == Part::kHead) take_head(blanks, text);
    if (part_ == Part::kPaths) take_path(blanks, text);
    if (part_ == Part::kComponents) take_component(blanks, line, text);
  }

  void take_head(std::size_t blanks, std::string_view text) {
    if (blanks != 2) return;
    if (const auto title = value_behind(text, "title: ", "\n")) title_ = *title;
    if (text == "description: |") begin_block(blanks, &head_);
  }

  void take_path(std::size_t blanks, std::string_view text) {
    if (blanks == 2 && text.starts_with('/')) path_ = text.substr(0, text.size() - 1);
    if (blanks == 4 && (text == "get:" || text == "post:" || text == "delete:")) {
      close();
      method_ = text == "get:" ? "GET" : text == "post:" ? "POST" : "DELETE";
    }
    if (blanks == 6) {
      if (const auto id = value_behind(text, "operationId: ", "\n")) begin_operation(*id);
      if (const auto summary = value_behind(text, "summary: ", "\n")) body_ += "<p><b>" + html_text(*summary) + "</b></p>\n";
      if (text == "description: |") {
        begin_block(blanks, &body_);
      } else if (text.starts_with("description: ")) {
        body_ += "<p>" + html_text(value_behind(text, "description: ", "\n").value_or("")) + "</p>\n";
      }
      if (text.starts_with("requestBody:")) body_ += "<p>Body: <code>" + with_links(text.substr(13)) + "</code></p>\n";
      if (text == "parameters:") open_table("<tr><th>parameter</th><th>in</th><th>what</th></tr>");
      if (text == "responses:") open_table("<tr><th>answer</th><th>what</th></tr>");
    }
    if (blanks == 8 && text.starts_with("- {")) take_parameter(text);
    if (blanks == 8 && (text.starts_with('\'') || text.starts_with("default:"))) take_answer(text);
  }

  void take_parameter(std::string_view text) {
    const auto name = value_behind(text, "{name: ", ",}");
    const auto reference = value_behind(text, "$ref: ", "}");
    const auto place = value_behind(text, " in: ", ",}").value_or("");
    const auto what = value_behind(text, "description: ", ",}").value_or("");
    body_ += "<tr><td><code>" + html_text(name ? *name : last_part(reference.value_or(""))) + "</code></td><td>" + html_text(place) +
             "</td><td>" + html_text(what) + "</td></tr>\n";
  }

  void take_answer(std::string_view text) {
    const auto code = text.starts_with('\'') ? text.substr(1, 3) : text.substr(0, 7);
    const auto what = value_behind(text, "description: ", ",}");
    const auto schema = text.find("#/components/schemas/");
    const auto reference = value_behind(text, "$ref: ", "}").value_or("");
    body_ += "<tr><td><code>" + html_text(code) + "</code></td><td>" + html_text(what ? *what : last_part(reference));
    if (schema != std::string_view::npos) {
      const auto name = last_part(text.substr(0, text.find_first_of("'}", schema)));
      body_ += " (<a href=\"#" + html_text(name) + "\">" + html_text(name) + "</a>)";
    }
    body_ += "</td></tr>\n";
  }

  void take_component(std::size_t blanks, std::string_view line, std::string_view text) {
    if (blanks == 2) {
      close();
      if (text.ends_with(':')) body_ += "<h2>" + html_text(text.substr(0, text.size() - 1)) + "</h2>\n";
    }
    if (blanks == 4 && !text.empty()) {
      close();
      const auto name = text.substr(0, text.find(':'));
      body_ += "<h3 id=\"" + html_text(name) + "\">" + html_text(name) + "</h3>\n<pre>";
      end_ = "</pre>\n";
      if (name.size() + 1 < text.size()) body_ += with_links(text.substr(name.size() + 2)) + "\n";
    }
    if (blanks > 4 && !end_.empty()) body_ += with_links(line.substr(6)) + "\n";
  }

  void begin_operation(const std::string& id) {
    body_ += "<h2 id=\"" + html_text(id) + "\">" + method_ + " " + html_text(path_) + "</h2>\n";
    contents_ += "<li><a href=\"#" + html_text(id) + "\"><code>" + method_ + " " + html_text(path_) + "</code></a></li>\n";
  }

  void open_table(const char* titles) {
    close();
    body_ += std::string("<table>") + titles + "\n";
    end_ = "</table>\n";
  }

  void close() {
    body_ += end_;
    end_.clear();
  }

  void begin_block(std::size_t blanks, std::string* into) {
    block_at_ = blanks;
    block_ = into;
    *block_ += "<p>";
  }
  void take_block(std::string_view text) { *block_ += text.empty() ? "</p>\n<p>" : html_text(text) + "\n"; }
  void close_block() {
    if (block_at_) *block_ += "</p>\n";
    block_at_.reset();
  }

  Part part_ = Part::kHead;
  std::string title_, head_, contents_, body_, path_, method_;
  std::string end_;                      ///< what closes what is open
  std::optional<std::size_t> block_at_;  ///< a text of several lines goes on while lines stand further in than this
  std::string* block_ = nullptr;
};

}  // namespace

std::string docs_page(std::string_view yaml) {
  return Page().of(yaml);
}

std::string docs_policy() {
  return style_policy(kStyle);
}

}  // namespace capmap
