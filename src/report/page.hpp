// SPDX-License-Identifier: Apache-2.0
// One HTML page for one run: its facts are a JSON object that page.js draws. The page needs nothing
// but itself, not even a server, and allows nothing else: its Content-Security-Policy names the
// digests of the one script and the one style that may act. Hostile names stay text: in the JSON
// every `<`, `>` and `&` is escaped, and the script makes elements only from text.
// Members, all but title and verdict optional: title, subtitle, verdict, facts [[name, value]],
// counts, causes, actions {value: name}, sites, findings, unknowns, paths (a trail shares its first
// `s` steps with the path before; a step is slot * 2 + taken), maps, listing, notes, tables (title,
// columns, rows). Where several programs ran, a slot has the program's number times 2^24 added.
#pragma once

#include <string>
#include <string_view>

#include "report/json.hpp"

namespace probity::report {

std::string render_page(std::string_view title, const Json& data);

/// `text` with what HTML would understand escaped.
std::string escape_html(std::string_view text);

/// The script and the style of every page.
std::string_view page_script();
std::string_view page_style();

}  // namespace probity::report
