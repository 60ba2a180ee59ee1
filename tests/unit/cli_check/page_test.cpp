// SPDX-License-Identifier: Apache-2.0
// The page of a run, looked at in a real browser: its script has run, the counterexample is taken
// apart, the tree has its paths, and hostile names stay text. Without a browser on PATH the tests
// that need one are skipped by name.
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "check_fixture.hpp"
#include "report/file.hpp"
#include "report/page.hpp"

namespace probity::cli {
namespace {

/// A browser that can be run without a display, or empty.
std::string browser() {
  for (const char* const name : {"chromium-headless-shell", "chromium", "google-chrome"}) {
    const std::string question = std::string("command -v ") + name + " >/dev/null 2>&1";
    if (std::system(question.c_str()) == 0) return name;
  }
  return {};
}

class Page : public Check {
 protected:
  void SetUp() override {
    Check::SetUp();
    if (browser().empty()) GTEST_SKIP() << "no chromium on PATH: chromium-headless-shell";
  }

  /// The document after its script has run; `fragment` is what the address ends in.
  std::string rendered(const std::string& path, const std::string& fragment = "") {
    const std::string command =
        "timeout 120 " + browser() +
        " --headless --no-sandbox --disable-gpu --user-data-dir=" + (folder_ / "profile").string() +
        " --virtual-time-budget=5000 --dump-dom 'file://" + path + fragment + "' 2>/dev/null";
    std::FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) return {};
    std::string dom;
    std::array<char, 4096> buffer;
    for (std::size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
      dom.append(buffer.data(), n);
    }
    pclose(pipe);
    return dom;
  }

  std::string write(const std::string& name, const std::string& page) {
    const std::string path = (folder_ / name).string();
    std::ofstream(path) << page;
    return path;
  }
};

/// The part of the document that the script made.
std::string drawn(const std::string& dom) {
  const std::size_t first = dom.find("<main");
  const std::size_t end = dom.find("</main>");
  return first == dom.npos || end == dom.npos ? "" : dom.substr(first, end - first);
}

void expect_contains(const std::string& text, std::string_view part) {
  EXPECT_NE(text.find(part), std::string::npos) << "no " << part;
}

TEST_F(Page, ShowsTheCounterexampleFieldByField) {
  const std::string path = (folder_ / "run.html").string();
  const Printed printed = check(
      {bad, "--html", path, "--witness-dir", folder_.string(), "--no-kernel", "--no-external"});
  ASSERT_EQ(printed.status, 1) << printed.err;
  const std::string dom = rendered(path);
  expect_contains(dom, "data-rendered=\"yes\"");
  const std::string page = drawn(dom);
  expect_contains(page, "<h1>check xdp_fw</h1>");
  expect_contains(page, "<span class=\"badge refuted\">refuted</span>");
  expect_contains(page, "id=\"finding-1\"");
  expect_contains(page, "<b>IPv4</b>");
  expect_contains(page,
                  "<td>destination port</td><td class=\"value\">23</td>"
                  "<td class=\"dim\">telnet</td>");
  expect_contains(page, "BPF_ASSERT_RETURN(XDP_DROP)");
  expect_contains(page, "href=\"#map-");
  expect_contains(page, "<span class=\"action drop\">XDP_DROP</span>");
  expect_contains(page, "id=\"slot-60\"");
  expect_contains(page, "class=\"children tree\"");
  EXPECT_EQ(dom.find("src="), std::string::npos) << "nothing is loaded from elsewhere";
}

TEST_F(Page, OpensThePathThatItsAddressNames) {
  const std::string path = (folder_ / "run.html").string();
  ASSERT_EQ(check({good, "--html", path, "--no-external"}).status, 0);
  const std::string page = drawn(rendered(path, "#path-7"));
  expect_contains(page, "<span class=\"badge proved\">proved</span>");
  expect_contains(page, "class=\"leaf marked\"");
}

TEST_F(Page, HostileNamesInAnObjectStayText) {
  std::ifstream in(bad, std::ios::binary);
  std::string object((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const auto rename = [&object](std::string from, std::string to) {
    for (std::size_t at = object.find(from); at != object.npos; at = object.find(from, at + 1)) {
      object.replace(at, from.size(), to);
    }
  };
  rename(std::string("\0xdp_fw\0", 8), std::string("\0<img/>\0", 8));
  rename(std::string("\0flows\0", 7), std::string("\0<svg>\0", 7));
  const std::string hostile = write("hostile.o", object);
  const std::string path = (folder_ / "run.html").string();
  const Printed printed = check(
      {hostile, "--html", path, "--witness-dir", folder_.string(), "--no-kernel", "--no-external"});
  ASSERT_EQ(printed.status, 1) << printed.err;
  const std::string page = drawn(rendered(path));
  expect_contains(page, "<h1>check &lt;img/&gt;</h1>");
  expect_contains(page, "&lt;svg&gt;");
  EXPECT_EQ(page.find("<img"), std::string::npos);
  EXPECT_EQ(page.find("<svg"), std::string::npos);
}

TEST_F(Page, ShowsWhatTellsTwoProgramsApart) {
  const std::string path = (folder_ / "run.html").string();
  const Printed printed = command({"equiv", good, bad, "--html", path, "--witness-dir",
                                   folder_.string(), "--no-kernel", "--no-external"});
  ASSERT_EQ(printed.status, 1) << printed.err;
  const std::string dom = rendered(path);
  expect_contains(dom, "data-rendered=\"yes\"");
  const std::string page = drawn(dom);
  expect_contains(page, "<h1>equiv xdp_fw and xdp_fw</h1>");
  expect_contains(page, "<span class=\"badge different\">different</span>");
  expect_contains(page, "id=\"finding-1\"");
  expect_contains(page, "<b>IPv4</b>");
  expect_contains(page, "<h4>A</h4><p>returns XDP_");
  expect_contains(page, "<h4>B</h4><p>returns XDP_");
  expect_contains(page, "<div class=\"function\">A: xdp_fw</div>");
  expect_contains(page, "<div class=\"function\">B: xdp_fw</div>");
  expect_contains(page, "id=\"slot-16777216\"");  // the first of B
  expect_contains(page, "<h2>Compared</h2>");
  expect_contains(page, "class=\"children tree\"");
}

TEST_F(Page, ShowsBothOrdersOfAPair) {
  const std::string object = std::string(INTERACT_OBJECTS) + "/guard_nat.o";
  const std::string path = (folder_ / "run.html").string();
  const Printed printed = command({"interact", object + ":xdp_guard", object + ":xdp_nat", "--html",
                                   path, "--max-packet", "128", "--witness-dir", folder_.string(),
                                   "--no-kernel", "--no-external"});
  ASSERT_EQ(printed.status, 1) << printed.out << printed.err;
  const std::string dom = rendered(path);
  expect_contains(dom, "data-rendered=\"yes\"");
  const std::string page = drawn(dom);
  expect_contains(page, "<h1>interact xdp_guard, xdp_nat</h1>");
  expect_contains(page, "<span class=\"badge refuted\">refuted</span>");
  expect_contains(page, "xdp_guard and xdp_nat do not commute");
  expect_contains(page, "<h4>xdp_guard, then xdp_nat</h4>");
  expect_contains(page, "<h4>xdp_nat, then xdp_guard</h4>");
  expect_contains(page, "<h2>Order</h2>");
  expect_contains(page, "<h2>Sets</h2>");
}

/// A run of many paths with a script in every text.
Json hostile_data(unsigned path_count) {
  const std::string text =
      "</script><script>document.title='caught'</script><img src=x "
      "onerror=\"document.title='caught'\">";
  const Json entry = Json::object({{"key", text}, {"value", text}});
  const Json map = Json::object({{"map", text}, {"entries", Json(Json::Array{entry})}});
  const Json place = Json::object(
      {{"file", text}, {"line", 1u}, {"column", 2u}, {"text", text}, {"insn", text}, {"slot", 0u}});
  Json finding = Json::object({{"property", text}, {"text", text}, {"slot", 0u}});
  finding["place"] = place;
  finding["registers"] = Json::object({{text, text}});
  finding["ctx"] = Json::object({{text, 1u}});
  finding["maps"] = Json(Json::Array{map});
  finding["helper_results"] = Json(Json::Array{Json(text)});
  finding["files"] = text;
  Json data = Json::object({{"title", text}, {"subtitle", text}, {"verdict", "refuted"}});
  data["findings"] = Json(Json::Array{finding});
  data["causes"] = Json::object({{text, 1u}});
  data["notes"] = Json(Json::Array{Json(text)});
  data["listing"] = Json(Json::Array{Json::object(
      {{"slot", 0u}, {"text", text}, {"file", text}, {"line", 1u}, {"source", text}})});
  data["maps"] = Json(Json::Array{Json::object({{"name", text},
                                                {"type", text},
                                                {"key_size", 1u},
                                                {"value_size", 1u},
                                                {"max_entries", 1u}})});
  data["paths"] = Json::array();
  for (unsigned i = 0; i < path_count; ++i) {
    Json steps = Json::array();
    for (unsigned bit = 0; bit < 13; ++bit) steps.push(bit * 2 + (i >> bit & 1));
    Json lengths = Json(Json::Array{Json(14u), Json(1514u)});
    data["paths"].push(Json::object({{"s", 0u},
                                     {"t", std::move(steps)},
                                     {"v", i % 5},
                                     {"a", i % 3},
                                     {"o", true},
                                     {"n", 100u},
                                     {"e", 0u},
                                     {"l", std::move(lengths)},
                                     {"r", text}}));
  }
  return data;
}

TEST_F(Page, ScriptsInNamesAreNeverRun) {
  const std::string path = write("hostile.html", report::render_page("safe", hostile_data(8)));
  const std::string dom = rendered(path);
  expect_contains(dom, "data-rendered=\"yes\"");
  expect_contains(dom, "<title>safe</title>");
  EXPECT_EQ(dom.find("<title>caught"), std::string::npos);
  const std::string page = drawn(dom);
  expect_contains(page, "&lt;/script&gt;");
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find("<img"), std::string::npos);
}

TEST_F(Page, ThousandsOfPathsAreDrawnCollapsed) {
  const std::string path = write("large.html", report::render_page("large", hostile_data(8192)));
  const std::string dom = rendered(path);
  expect_contains(dom, "data-rendered=\"yes\"");
  const std::string page = drawn(dom);
  expect_contains(page, "4,096");
  std::size_t leaves = 0;
  for (std::size_t at = 0; (at = page.find("class=\"leaf", at)) != page.npos; ++at) ++leaves;
  EXPECT_LT(leaves, 100u) << "paths are drawn when their branch is opened";
}

TEST(PageText, EscapesWhatHtmlUnderstands) {
  EXPECT_EQ(report::escape_html("<a href=\"x\">&'"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
  const std::string page =
      report::render_page("</title><script>", Json::object({{"title", "</script><!--"}}));
  EXPECT_EQ(page.find("</script><!--"), std::string::npos);
  EXPECT_EQ(page.find("</title><script>"), std::string::npos);
  EXPECT_NE(page.find("\"title\":\"\\u003c/script\\u003e\\u003c!--\""), std::string::npos);
}

}  // namespace
}  // namespace probity::cli
