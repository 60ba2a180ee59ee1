// SPDX-License-Identifier: Apache-2.0
// See page.hpp.
#include "report/page.hpp"

#include "report/digest.hpp"
#include "report/json_line.hpp"

namespace probity::report {
namespace {

/// JSON that may stand inside a <script>: the escapes are JSON's own, so the value stays the same.
std::string script_safe(std::string_view json) {
  std::string safe;
  safe.reserve(json.size());
  for (const char c : json) {
    switch (c) {
      case '<': safe += "\\u003c"; break;
      case '>': safe += "\\u003e"; break;
      case '&': safe += "\\u0026"; break;
      default: safe += c;
    }
  }
  return safe;
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '<': safe += "&lt;"; break;
      case '>': safe += "&gt;"; break;
      case '&': safe += "&amp;"; break;
      case '"': safe += "&quot;"; break;
      case '\'': safe += "&#39;"; break;
      default: safe += c;
    }
  }
  return safe;
}

std::string render_page(std::string_view title, const Json& data) {
  const std::string policy = "default-src 'none'; style-src 'sha256-" +
                             sha256_base64(page_style()) + "'; script-src 'sha256-" +
                             sha256_base64(page_script()) + "'";
  std::string page = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  page += "<meta http-equiv=\"Content-Security-Policy\" content=\"" + policy + "\">\n";
  page += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  page += "<title>" + escape_html(title) + "</title>\n<style>";
  page += page_style();
  page += "</style>\n</head>\n<body>\n<main id=\"app\"></main>\n";
  page += "<noscript>This page draws its contents with a script of its own.</noscript>\n";
  page += "<script type=\"application/json\" id=\"data\">" + script_safe(print_line(data)) +
          "</script>\n<script>";
  page += page_script();
  return page + "</script>\n</body>\n</html>\n";
}

}  // namespace probity::report
