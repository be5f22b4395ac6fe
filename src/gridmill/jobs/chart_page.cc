#include "gridmill/jobs/chart_page.h"

#include "gridmill/jobs/chart_assets.h"

namespace gridmill {
namespace {

constexpr std::string_view kPageHead = R"html(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; @ASKS@script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:">)html";

}  // namespace

std::string chart_page(std::string_view page_template, PageAsks asks) {
  std::string page(page_template);
  fill_mark(page, "@HEAD@", kPageHead);
  fill_mark(page, "@ASKS@", asks == PageAsks::its_own_server ? "connect-src 'self'; " : "");
  fill_mark(page, "@STYLE@", chart_library_css());
  fill_mark(page, "@LIBRARY@", chart_library_js());
  return page;
}

void fill_mark(std::string& page, std::string_view mark, std::string_view text) {
  page.replace(page.find(mark), mark.size(), text);
}

}  // namespace gridmill
