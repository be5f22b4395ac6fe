// chart_page.h: what pages with charts have in common: one HTML document that needs nothing else,
// with the chart library inside, and that loads nothing from anywhere.
//
// A template has marks, each once: @HEAD@ where the document begins, @STYLE@ and @LIBRARY@ of the
// chart library; and others of its own.
#pragma once

#include <string>
#include <string_view>

namespace gridmill {

// What a page's script may ask for.
enum class PageAsks { nothing, its_own_server };

// The template, with the three marks filled in.
std::string chart_page(std::string_view page_template, PageAsks asks);

// Puts `text` in the place of a mark that is there.
void fill_mark(std::string& page, std::string_view mark, std::string_view text);

}  // namespace gridmill
