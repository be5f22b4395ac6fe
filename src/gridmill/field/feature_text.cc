#include "gridmill/field/feature_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "gridmill/base/error.h"
#include "gridmill/dataset/calendar.h"

namespace gridmill {
namespace {

enum class Token { end, number, duration, name, quoted, sign };

struct Lexeme {
  Token token = Token::end;
  std::size_t column = 1;
  std::string text;  // of names and signs; of others as they were written
  double number = 0;
  std::int64_t duration_us = 0;
};

bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_in_name(char c) noexcept { return is_letter(c) || is_digit(c) || c == '.'; }

// Microseconds of one; 0 for no unit of time.
std::int64_t length_of(std::string_view unit) noexcept {
  struct Spelling {
    std::string_view name;
    std::int64_t us;
  };
  static constexpr std::array<Spelling, 16> kSpellings{{{"s", kSecond_us},
                                                        {"second", kSecond_us},
                                                        {"seconds", kSecond_us},
                                                        {"min", 60 * kSecond_us},
                                                        {"minute", 60 * kSecond_us},
                                                        {"minutes", 60 * kSecond_us},
                                                        {"h", 3600 * kSecond_us},
                                                        {"hr", 3600 * kSecond_us},
                                                        {"hour", 3600 * kSecond_us},
                                                        {"hours", 3600 * kSecond_us},
                                                        {"d", kDay_us},
                                                        {"day", kDay_us},
                                                        {"days", kDay_us},
                                                        {"w", 7 * kDay_us},
                                                        {"week", 7 * kDay_us},
                                                        {"weeks", 7 * kDay_us}}};
  for (const Spelling& spelling : kSpellings) {
    if (spelling.name == unit) return spelling.us;
  }
  return 0;
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Lexeme next() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    Lexeme lexeme;
    lexeme.column = at_ + 1;
    if (at_ == text_.size()) return lexeme;
    const char c = text_[at_];
    const bool begins_number =
        is_digit(c) || (c == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]));
    if (begins_number) {
      read_number(lexeme);
    } else if (is_letter(c)) {
      lexeme.token = Token::name;
      lexeme.text = take_while(is_in_name);
    } else if (c == '"') {
      read_quoted(lexeme);
    } else {
      read_sign(lexeme);
    }
    return lexeme;
  }

 private:
  static bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

  template <class Is>
  std::string take_while(const Is& is) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && is(text_[at_])) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  void read_number(Lexeme& lexeme) {
    lexeme.token = Token::number;
    const char* const begin = text_.data() + at_;
    const auto [end, status] = std::from_chars(begin, text_.data() + text_.size(), lexeme.number,
                                               std::chars_format::general);
    if (status != std::errc()) refuse_at(lexeme.column, "this number is out of range");
    at_ += static_cast<std::size_t>(end - begin);
    const std::string unit = take_while(is_in_name);
    lexeme.text = std::string(begin, text_.data() + at_);
    if (!unit.empty()) read_duration(lexeme, unit);
  }

  static void read_duration(Lexeme& lexeme, const std::string& unit) {
    const std::int64_t one = length_of(unit);
    if (one == 0) {
      refuse_at(lexeme.column,
                fmt::format("\"{}\" is neither a number nor a duration (s, min, h, d, w); a name "
                            "that begins with a digit stands in double quotes",
                            lexeme.text));
    }
    // 1.1 d is a whole number of microseconds, but not as a product of binary numbers.
    const double us = std::round(lexeme.number * static_cast<double>(one));
    if (!(us < 9.0e18)) {
      refuse_at(lexeme.column, fmt::format("the duration {} is too long", lexeme.text));
    }
    lexeme.token = Token::duration;
    lexeme.duration_us = static_cast<std::int64_t>(us);
  }

  void read_quoted(Lexeme& lexeme) {
    lexeme.token = Token::quoted;
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      lexeme.text += text_[at_];
    }
    if (at_ == text_.size()) refuse_at(lexeme.column, "this quote is not closed");
    ++at_;
    if (lexeme.text.empty()) refuse_at(lexeme.column, "a name in quotes is empty");
  }

  void read_sign(Lexeme& lexeme) {
    lexeme.token = Token::sign;
    for (const std::string_view sign : {"**", "<=", ">=", "==", "!="}) {
      if (text_.substr(at_).starts_with(sign)) lexeme.text = std::string(sign);
    }
    if (lexeme.text.empty()) lexeme.text = std::string(1, text_[at_]);
    if (lexeme.text.size() == 1 &&
        std::string_view("+-*/()<>,=").find(text_[at_]) == std::string_view::npos) {
      const bool is_plain = text_[at_] > ' ' && text_[at_] < '\x7f';
      const std::string what =
          is_plain ? lexeme.text
                   : fmt::format("byte {:#04x}", static_cast<unsigned char>(text_[at_]));
      refuse_at(lexeme.column,
                fmt::format("{} has no meaning here; odd names stand in double quotes", what));
    }
    at_ += lexeme.text.size();
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

ExpressionPtr made(Expression expression) {
  for (const FeatureArgument& argument : expression.arguments) {
    expression.depth = std::max(expression.depth, argument.value->depth + 1);
  }
  if (expression.depth > kDeepestFeature) {
    refuse_at(expression.column,
              fmt::format("the expression is nested more than {} deep", kDeepestFeature));
  }
  return std::make_shared<const Expression>(std::move(expression));
}

ExpressionPtr operation(std::size_t column, std::string sign, std::vector<ExpressionPtr> operands) {
  Expression expression;
  expression.kind = ExpressionKind::operation;
  expression.column = column;
  expression.text = std::move(sign);
  for (ExpressionPtr& operand : operands) expression.arguments.push_back({"", std::move(operand)});
  return made(std::move(expression));
}

// By recursive descent, one function per level of precedence.
class FeatureParser {
 public:
  explicit FeatureParser(std::string_view text) : lexer_(text) {
    next_ = lexer_.next();
    after_ = lexer_.next();
  }

  ExpressionPtr whole() {
    ExpressionPtr expression = any_of();
    if (next_.token != Token::end) expected("an operator or the end");
    return expression;
  }

 private:
  // Each way down goes through it: parentheses, calls, signs, powers.
  class Nested {
   public:
    Nested(int& depth, std::size_t column) : depth_(depth) {
      if (++depth_ > kDeepestFeature) {
        refuse_at(column,
                  fmt::format("the expression is nested more than {} deep", kDeepestFeature));
      }
    }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;
    ~Nested() { --depth_; }

   private:
    int& depth_;
  };

  void advance() {
    next_ = std::move(after_);
    after_ = next_.token == Token::end ? next_ : lexer_.next();
  }
  bool is_sign(std::string_view sign) const {
    return next_.token == Token::sign && next_.text == sign;
  }
  bool is_word(std::string_view word) const {
    return next_.token == Token::name && next_.text == word;
  }
  [[noreturn]] void expected(std::string_view what) const {
    const std::string found = next_.token == Token::end ? "the end" : "\"" + next_.text + "\"";
    refuse_at(next_.column, fmt::format("expected {}, and found {}", what, found));
  }
  void take_sign(std::string_view sign) {
    if (!is_sign(sign)) expected(fmt::format("\"{}\"", sign));
    advance();
  }

  ExpressionPtr any_of() {
    const Nested nested(depth_, next_.column);
    ExpressionPtr left = all_of();
    while (is_word("or")) left = with_right(left, &FeatureParser::all_of);
    return left;
  }

  ExpressionPtr all_of() {
    ExpressionPtr left = negation();
    while (is_word("and")) left = with_right(left, &FeatureParser::negation);
    return left;
  }

  ExpressionPtr negation() {
    if (!is_word("not")) return comparison();
    const Nested nested(depth_, next_.column);
    const std::size_t column = next_.column;
    advance();
    return operation(column, "not", {negation()});
  }

  bool is_comparison() const {
    static constexpr std::array<std::string_view, 6> kSigns{"<", "<=", ">", ">=", "==", "!="};
    return next_.token == Token::sign &&
           std::find(kSigns.begin(), kSigns.end(), next_.text) != kSigns.end();
  }

  ExpressionPtr comparison() {
    ExpressionPtr left = sum();
    if (!is_comparison()) return left;
    left = with_right(left, &FeatureParser::sum);
    if (is_comparison()) {
      refuse_at(next_.column, "comparisons don't chain: write a < b and b < c");
    }
    return left;
  }

  ExpressionPtr sum() {
    ExpressionPtr left = product();
    while (is_sign("+") || is_sign("-")) left = with_right(left, &FeatureParser::product);
    return left;
  }

  ExpressionPtr product() {
    ExpressionPtr left = signed_one();
    while (is_sign("*") || is_sign("/")) left = with_right(left, &FeatureParser::signed_one);
    return left;
  }

  ExpressionPtr signed_one() {
    if (!is_sign("-") && !is_sign("+")) return power();
    const Nested nested(depth_, next_.column);
    const std::size_t column = next_.column;
    const bool is_negative = is_sign("-");
    advance();
    ExpressionPtr operand = signed_one();
    return is_negative ? operation(column, "neg", {std::move(operand)}) : operand;
  }

  ExpressionPtr power() {
    ExpressionPtr base = primary();
    if (!is_sign("**")) return base;
    const Nested nested(depth_, next_.column);
    const std::size_t column = next_.column;
    advance();
    return operation(column, "**", {std::move(base), signed_one()});
  }

  ExpressionPtr with_right(ExpressionPtr left, ExpressionPtr (FeatureParser::*level)()) {
    const std::size_t column = next_.column;
    std::string sign = next_.text;
    advance();
    return operation(column, std::move(sign), {std::move(left), (this->*level)()});
  }

  ExpressionPtr primary() {
    if (is_sign("(")) {
      advance();
      ExpressionPtr inside = any_of();
      take_sign(")");
      return inside;
    }
    for (const std::string_view word : {"and", "or", "not"}) {
      if (is_word(word)) expected("a value");
    }
    const bool is_call =
        next_.token == Token::name && after_.token == Token::sign && after_.text == "(";
    if (is_call) return call();
    return leaf();
  }

  ExpressionPtr leaf() {
    Expression expression;
    expression.column = next_.column;
    expression.number = next_.number;
    expression.duration_us = next_.duration_us;
    if (next_.token == Token::number) {
      expression.kind = ExpressionKind::number;
    } else if (next_.token == Token::duration) {
      expression.kind = ExpressionKind::duration;
    } else if (next_.token == Token::name || next_.token == Token::quoted) {
      expression.kind = ExpressionKind::name;
    } else {
      expected("a number, a variable, a function or \"(\"");
    }
    expression.text = next_.text;
    advance();
    return made(std::move(expression));
  }

  ExpressionPtr call() {
    Expression expression;
    expression.kind = ExpressionKind::call;
    expression.column = next_.column;
    expression.text = next_.text;
    advance();
    take_sign("(");
    while (!is_sign(")")) {
      expression.arguments.push_back(argument(expression));
      if (is_sign(")")) break;
      if (!is_sign(",")) expected("\",\" or \")\"");
      advance();
    }
    advance();
    return made(std::move(expression));
  }

  FeatureArgument argument(const Expression& of) {
    FeatureArgument argument;
    const std::size_t column = next_.column;
    const bool has_keyword =
        next_.token == Token::name && after_.token == Token::sign && after_.text == "=";
    if (has_keyword) {
      argument.keyword = next_.text;
      advance();
      advance();
    } else if (!of.arguments.empty() && !of.arguments.back().keyword.empty()) {
      refuse_at(column, "an argument by position can't follow one by keyword");
    }
    argument.value = any_of();
    return argument;
  }

  Lexer lexer_;
  Lexeme next_, after_;
  int depth_ = 0;
};

void collect_names(const Expression& expression, std::vector<NameInText>& names) {
  if (expression.kind == ExpressionKind::name) {
    const bool is_known = std::any_of(names.begin(), names.end(), [&](const NameInText& known) {
      return known.name == expression.text;
    });
    if (!is_known) names.push_back({expression.text, expression.column});
    return;
  }
  const bool has_groups = expression.kind == ExpressionKind::call && expression.text == "anomaly";
  for (std::size_t i = 0; i < expression.arguments.size(); ++i) {
    if (has_groups && i > 0) break;
    collect_names(*expression.arguments[i].value, names);
  }
}

}  // namespace

ExpressionPtr parse_feature(std::string_view text) {
  if (text.size() > kLongestFeature) {
    throw Error(ErrorKind::invalid, fmt::format("the expression has {} characters, more than {}",
                                                text.size(), kLongestFeature));
  }
  return FeatureParser(text).whole();
}

std::vector<NameInText> names_in(const Expression& expression) {
  std::vector<NameInText> names;
  collect_names(expression, names);
  return names;
}

void refuse_at(std::size_t column, const std::string& message) {
  throw Error(ErrorKind::invalid, fmt::format("column {}: {}", column, message));
}

}  // namespace gridmill
