#include "gridmill/zarr/record_type.h"

#include <fmt/format.h>

#include "gridmill/base/checked.h"
#include "gridmill/zarr/metadata_checks.h"

namespace gridmill {
namespace {

[[noreturn]] void throw_bad_record(const Json& document, std::string_view why) {
  throw Error(ErrorKind::corrupt, fmt::format("data type {}: {}", document.dump(), why));
}

void check_sized(const ZarrType& type, const Json& document) {
  const bool is_narrow = narrow_of(type.document).has_value();
  if (!type.type.is_string() && !is_narrow) return;
  throw Error(ErrorKind::unsupported,
              fmt::format("data type {}: a member {} is not supported", document.dump(),
                          is_narrow ? "of type " + type.document.get<std::string>()
                                    : "of variable length"));
}

// ["name", dtype] or ["name", dtype, shape]; numpy's names may be [title, name].
RecordMember member_from_v2(const Json& item, const Json& document) {
  if (!item.is_array() || item.size() < 2 || item.size() > 3) {
    throw_bad_record(document, fmt::format("{} is no member", item.dump()));
  }
  RecordMember member;
  member.name = item[0].is_string() ? item[0].get<std::string>() : item[0].dump();
  member.type = data_type_from_v2(item[1]);
  if (item.size() == 3) {
    const Json shape = item[2].is_array() ? item[2] : Json(Json::array({item[2]}));
    member.shape = shape_from_json(shape, "a sub-array's shape", 1);
  }
  return member;
}

// {"name": ..., "data_type": ...} of `struct`, ["name", data_type] of `structured`; each reads the
// other's, too.
RecordMember member_from_v3(const Json& item, const Json& document) {
  const bool is_pair = item.is_array() && item.size() == 2 && item[0].is_string();
  if (!is_pair && !item.is_object()) {
    throw_bad_record(document, fmt::format("{} is no member", item.dump()));
  }
  RecordMember member;
  member.name = is_pair ? item[0].get<std::string>() : json_string(item, "name", "a member");
  member.type = data_type_from_v3(is_pair ? item[1] : json_member(item, "data_type", "a member"));
  return member;
}

// A sub-array of records may be long, whoever wrote it.
void check_listed(const std::vector<TurnedNumbers>& all) {
  constexpr std::size_t kMost = 4096;
  if (all.size() <= kMost) return;
  throw Error(ErrorKind::unsupported,
              fmt::format("records with more than {} big-endian members, those of sub-arrays "
                          "counted, are not supported",
                          kMost));
}

[[noreturn]] void refuse_in_v3(const RecordMember& member, std::string_view why) {
  throw Error(ErrorKind::unsupported,
              fmt::format("a structured type whose member \"{}\" {} can't be written in Zarr v3: "
                          "use --zarr-format 2 or leave the variable out with --drop",
                          member.name, why));
}

}  // namespace

std::int64_t RecordMember::size() const {
  return checked_mul(volume(shape), type.type.size, "a member's size");
}

bool is_record(const Json& document) {
  if (document.is_array()) return true;
  if (!document.is_object()) return false;
  const Json name = document.value("name", Json());
  return name == "struct" || name == "structured";
}

std::vector<RecordMember> record_members(const Json& document) {
  const bool is_v2 = document.is_array();
  const Json& list = is_v2 ? document
                           : json_member(json_member(document, "configuration", "data_type"),
                                         "fields", "data_type");
  if (!list.is_array() || list.empty()) throw_bad_record(document, "it has no members");
  std::vector<RecordMember> members;
  std::int64_t offset = 0;
  for (const Json& item : list) {
    RecordMember member = is_v2 ? member_from_v2(item, document) : member_from_v3(item, document);
    check_sized(member.type, document);
    member.offset = offset;
    offset = checked_add(offset, member.size(), "a record's size");
    members.push_back(std::move(member));
  }
  return members;
}

std::int64_t record_size(const std::vector<RecordMember>& members) {
  return members.back().offset + members.back().size();
}

bool has_byte_order(const std::vector<RecordMember>& members) {
  for (const RecordMember& member : members) {
    const Json& document = member.type.document;
    if (is_record(document) ? has_byte_order(record_members(document))
                            : member.type.type.swap_unit() > 1) {
      return true;
    }
  }
  return false;
}

std::vector<TurnedNumbers> big_endian_numbers(const std::vector<RecordMember>& members) {
  std::vector<TurnedNumbers> all;
  for (const RecordMember& member : members) {
    const std::int64_t size = member.type.type.size;
    if (is_record(member.type.document)) {
      const auto inside = big_endian_numbers(record_members(member.type.document));
      for (std::int64_t at = 0; !inside.empty() && at < volume(member.shape); ++at) {
        for (TurnedNumbers numbers : inside) {
          numbers.offset += member.offset + at * size;
          all.push_back(numbers);
        }
        check_listed(all);
      }
      continue;
    }
    const std::int64_t unit = member.type.type.swap_unit();
    if (member.type.is_big_endian && unit > 1) {
      all.push_back({member.offset, unit, member.size() / unit});
    }
  }
  return all;
}

Json in_little_order(Json document) {
  for (Json& member : document) {
    Json& dtype = member[1];
    if (dtype.is_array()) {
      dtype = in_little_order(std::move(dtype));
    } else if (dtype.is_string() && dtype.get_ref<const std::string&>().starts_with('>')) {
      dtype.get_ref<std::string&>()[0] = '<';
    }
  }
  return document;
}

Json record_to_v2(const std::vector<RecordMember>& members) {
  Json list = Json::array();
  for (const RecordMember& member : members) {
    const ZarrType& type = member.type;
    list.push_back(Json::array(
        {member.name,
         data_type_to_v2(type.type, document_across(type.type, type.document, 3, 2), false)}));
  }
  return list;
}

Json record_to_v3(const std::vector<RecordMember>& members) {
  Json fields = Json::array();
  for (const RecordMember& member : members) {
    const ZarrType& type = member.type;
    if (type.is_big_endian) refuse_in_v3(member, "is big-endian");
    if (member.shape.rank() > 0) refuse_in_v3(member, "is a sub-array");
    if (member.name.empty()) refuse_in_v3(member, "has no name");
    fields.push_back(
        Json::array({member.name,
                     data_type_to_v3(type.type, document_across(type.type, type.document, 2, 3))}));
  }
  return {{"name", "structured"}, {"configuration", {{"fields", std::move(fields)}}}};
}

}  // namespace gridmill
