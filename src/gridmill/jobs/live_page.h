// live_page.h: the page that `--serve` shows: one HTML document that asks only its own server.
#pragma once

#include <string>

namespace gridmill {

std::string live_page();

}  // namespace gridmill
