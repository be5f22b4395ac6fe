// The outline of info's report for people: see info.h.
#include <fmt/format.h>

#include "gridmill/base/text.h"
#include "gridmill/jobs/info.h"

namespace gridmill {
namespace {

constexpr std::size_t kColumns = 100;

// Whole characters of UTF-8, at most `columns` of them.
std::string cut(std::string text, std::size_t columns) {
  for (char& c : text) {
    if (c == '\n' || c == '\r' || c == '\t' || c == '\x1b') c = ' ';
  }
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80) continue;
    if (++characters == columns && i + 1 < text.size()) return text.substr(0, i) + "~";
  }
  return text;
}

void put_line(std::string& out, std::size_t indent, const std::string& text) {
  out += std::string(indent, ' ') + cut(text, kColumns - indent) + "\n";
}

// A sentence, broken over lines: its end may say what to do. A path in it stays whole.
void put_note(std::string& out, const std::string& note) {
  std::string line = "note:";
  for (const std::string& word : split(note, ' ')) {
    if (line.size() + 1 + word.size() > kColumns) {
      out += line + "\n";
      line = "     ";
    }
    line += " " + word;
  }
  out += line + "\n";
}

// Words joined by ", ", broken over lines rather than cut.
void put_words(std::string& out, std::size_t indent, const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty() && indent + line.size() + word.size() + 3 > kColumns) {
      put_line(out, indent, line + ",");
      line.clear();
    }
    line += (line.empty() ? "" : ", ") + word;
  }
  if (!line.empty()) put_line(out, indent, line);
}

std::string by(const Json& extents) {
  std::vector<std::string> words;
  for (const Json& extent : extents) words.push_back(extent.dump());
  return words.empty() ? "scalar" : join(words, " x ");
}

std::string bytes_text_at(const Json& item, const char* name) {
  return format_bytes(item.value(name, 0.0));
}

std::string sizes(const Json& item) {
  std::string text = bytes_text_at(item, "logical_bytes");
  if (!item.contains("stored_bytes")) return text;
  text += " stored in " + bytes_text_at(item, "stored_bytes");
  if (item.contains("ratio") && item["ratio"].is_number()) {
    text += fmt::format(" (ratio {:.2f})", item["ratio"].get<double>());
  }
  return text;
}

// "time: 12, latitude: 90"
std::string axes(const Json& variable) {
  std::vector<std::string> words;
  const Json& names = variable["dimensions"];
  for (std::size_t d = 0; d < names.size(); ++d) {
    words.push_back(
        fmt::format("{}: {}", names[d].get<std::string>(), variable["shape"][d].dump()));
  }
  return join(words, ", ");
}

std::string codec_word(const Json& codec) {
  std::string word = codec.contains("name") ? codec.value("name", "") : codec.value("id", "?");
  const Json settings = codec.value("configuration", Json::object());
  for (const char* name : {"cname", "clevel", "level", "shuffle", "endian"}) {
    const Json& from = codec.contains("name") ? settings : codec;
    if (!from.contains(name)) continue;
    word += ":" + (from[name].is_string() ? from[name].get<std::string>() : from[name].dump());
  }
  return word;
}

// A shard that is all of a key's value is told elsewhere.
std::vector<std::string> codec_words(const Json& codecs, bool is_inside = false) {
  std::vector<std::string> words;
  for (const Json& codec : codecs) {
    if (!codec.is_object()) continue;
    if (codec.value("name", "") == "sharding_indexed") {
      const Json settings = codec.value("configuration", Json::object());
      if (is_inside || codecs.size() > 1) {
        words.push_back("shards of " + by(settings.value("chunk_shape", Json::array())));
      }
      const auto inside = codec_words(settings.value("codecs", Json::array()), true);
      words.insert(words.end(), inside.begin(), inside.end());
      continue;
    }
    words.push_back(codec_word(codec));
  }
  return words;
}

std::string encoding_text(const Json& encoding) {
  std::vector<std::string> words;
  for (const auto& [name, value] : encoding.items()) {
    if (name == "codecs" || name == "filters") {
      const auto more = codec_words(value.is_array() ? value : Json::array());
      words.insert(words.end(), more.begin(), more.end());
    } else if (name == "compressor") {
      words.push_back(value.is_object() ? codec_word(value) : "uncompressed");
    } else if (value.is_string()) {
      words.push_back(name == "storage" ? value.get<std::string>()
                                        : name + " " + value.get<std::string>());
    } else if (value.is_primitive()) {
      words.push_back(name + " " + value.dump());
    }
  }
  return join(words, ", ");
}

std::string presence(const Json& variable, const std::string& what) {
  if (!variable.contains(what + "_total")) return "";
  return fmt::format("{} of {} {} present",
                     format_count(variable[what + "_present"].get<std::int64_t>()),
                     format_count(variable[what + "_total"].get<std::int64_t>()), what);
}

std::string blosc_text(const Json& variable) {
  if (!variable.contains("blosc")) return "";
  const Json& frame = variable["blosc"];
  if (frame.contains("error")) return "Blosc frame unreadable: " + frame.value("error", "");
  return fmt::format("inside the frames: {}, {}, blocks of {}{}", frame.value("codec", ""),
                     frame.value("shuffle", ""), format_bytes(frame.value("block_size", 0.0)),
                     frame.value("stored_plain", false) ? ", stored plain" : "");
}

void put_coordinate(std::string& out, std::size_t indent, const Json& variable) {
  std::string text = fmt::format("{} ({}) {}", variable.value("path", ""), axes(variable),
                                 variable.value("type", ""));
  const Json range = variable.value("range", Json());
  if (range.is_object() && range.contains("first")) {
    text += fmt::format(": {} .. {}", range.value("first", ""), range.value("last", ""));
  }
  const std::string units = variable.value("units", "");
  const std::string calendar = variable.value("calendar", "");
  if (!units.empty()) text += fmt::format(" [{}]", units);
  if (!calendar.empty()) text += fmt::format(" ({})", calendar);
  put_line(out, indent, text);
}

void put_variable(std::string& out, std::size_t indent, const Json& variable) {
  const std::string units = variable.value("units", "");
  const std::string long_name = variable.value("long_name", "");
  std::string head = fmt::format("{} ({}) {}", variable.value("path", ""), axes(variable),
                                 variable.value("type", ""));
  if (!units.empty()) head += fmt::format(" [{}]", units);
  if (!long_name.empty()) head += " " + long_name;
  put_line(out, indent, head);
  std::vector<std::string> words;
  // Where extents differ they are those of the largest, and inside shards all alike.
  const bool is_sharded = variable.contains("shards");
  const std::string most = variable.contains("chunk_grid") ? "up to " : "";
  if (is_sharded) words.push_back("shards " + most + by(variable["shards"]));
  if (variable.contains("chunks")) {
    words.push_back("chunks " + (is_sharded ? "" : most) + by(variable["chunks"]));
  }
  for (const char* what : {"chunks", "shards"}) {
    if (const std::string text = presence(variable, what); !text.empty()) words.push_back(text);
  }
  words.push_back(sizes(variable));
  put_words(out, indent + 4, words);
  const std::string encoding = encoding_text(variable.value("encoding", Json::object()));
  if (!encoding.empty()) put_line(out, indent + 4, encoding);
  if (const std::string text = blosc_text(variable); !text.empty()) put_line(out, indent + 4, text);
}

bool is_in(const Json& variable, const std::string& group) {
  const std::string path = variable.value("path", "");
  const auto slash = path.rfind('/');
  return (slash == std::string::npos ? "" : path.substr(0, slash)) == group;
}

void put_group(std::string& out, const Json& group, const Json& variables) {
  const std::string path = group.value("path", "");
  put_line(out, 0, "/" + path);
  std::vector<std::string> dimensions;
  for (const Json& dimension : group["dimensions"]) {
    dimensions.push_back(fmt::format("{} = {}{}", dimension.value("name", ""),
                                     dimension["size"].dump(),
                                     dimension.value("unlimited", false) ? " (unlimited)" : ""));
  }
  if (!dimensions.empty()) {
    put_line(out, 2, "dimensions");
    put_words(out, 4, dimensions);
  }
  for (const bool coordinates : {true, false}) {
    bool is_first = true;
    for (const Json& variable : variables) {
      if (variable.value("is_coordinate", false) != coordinates || !is_in(variable, path)) continue;
      if (is_first) put_line(out, 2, coordinates ? "coordinates" : "variables");
      is_first = false;
      coordinates ? put_coordinate(out, 4, variable) : put_variable(out, 4, variable);
    }
  }
}

}  // namespace

std::string info_text(const Json& report) {
  std::string out;
  put_line(out, 0, report.value("location", ""));
  put_line(out, 0, fmt::format("{}, {}", report.value("format", ""), sizes(report)));
  for (const Json& note : report["notes"]) put_note(out, note.get<std::string>());
  for (const Json& group : report["groups"]) put_group(out, group, report["variables"]);
  return out;
}

}  // namespace gridmill
