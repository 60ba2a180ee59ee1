// SPDX-License-Identifier: Apache-2.0
// Values of test expressions by fold(), and their building in a Store.
#include "expression.hpp"

#include "base/check.hpp"

namespace probity::term::test {
namespace {

using Shape = Expression::Shape;
constexpr unsigned max_test_width = 16;

}  // namespace

Expressions::Expressions(unsigned variable_width) : variable_width_(variable_width) {}

std::uint32_t Expressions::compute(const Expression& e, std::size_t assignment) const {
  const auto value = [&](std::size_t i) -> std::uint64_t { return all_[i].values[assignment]; };
  const auto ones = mask<std::uint64_t>(e.width);
  const auto narrow = [](std::uint64_t v) { return static_cast<std::uint32_t>(v); };
  switch (e.shape) {
    case Shape::var:
      return narrow(assignment >> (e.number * variable_width_) & mask<std::uint64_t>(e.width));
    case Shape::lit: return narrow(e.number);
    case Shape::operation: {
      const std::uint64_t right = is_unary(e.op) ? 0 : value(e.b);
      return narrow(fold<std::uint64_t>(e.op, all_[e.a].width, value(e.a), right));
    }
    case Shape::ite: return narrow(value(e.a) != 0 ? value(e.b) : value(e.c));
    case Shape::extract: return narrow(value(e.a) >> e.number & ones);
    case Shape::concat: return narrow(value(e.a) << all_[e.b].width | value(e.b));
    case Shape::zext: return narrow(value(e.a));
    case Shape::sext:
      return narrow(static_cast<std::uint64_t>(as_signed(value(e.a), all_[e.a].width)) & ones);
  }
  PROBITY_UNREACHABLE("shape");
}

std::size_t Expressions::push(Expression expression) {
  PROBITY_CHECK(expression.width <= max_test_width);
  expression.values.resize(assignments());
  for (std::size_t i = 0; i < assignments(); ++i) expression.values[i] = compute(expression, i);
  all_.push_back(std::move(expression));
  return all_.size() - 1;
}

std::size_t Expressions::var(unsigned number) {
  return push({Shape::var, {}, variable_width_, 0, 0, 0, number, {}});
}
std::size_t Expressions::lit(unsigned width, std::uint64_t value) {
  return push({Shape::lit, {}, width, 0, 0, 0, value & mask<std::uint64_t>(width), {}});
}
std::size_t Expressions::operation(Op op, std::size_t a, std::size_t b) {
  const unsigned width = is_relation(op) ? 1 : all_[a].width;
  return push({Shape::operation, op, width, a, b, 0, 0, {}});
}
std::size_t Expressions::ite(std::size_t condition, std::size_t a, std::size_t b) {
  return push({Shape::ite, {}, all_[a].width, condition, a, b, 0, {}});
}
std::size_t Expressions::extract(unsigned low, unsigned width, std::size_t a) {
  return push({Shape::extract, {}, width, a, 0, 0, low, {}});
}
std::size_t Expressions::concat(std::size_t high, std::size_t low) {
  return push({Shape::concat, {}, all_[high].width + all_[low].width, high, low, 0, 0, {}});
}
std::size_t Expressions::zext(unsigned to, std::size_t a) {
  return push({Shape::zext, {}, to, a, 0, 0, 0, {}});
}
std::size_t Expressions::sext(unsigned to, std::size_t a) {
  return push({Shape::sext, {}, to, a, 0, 0, 0, {}});
}

Id Expressions::build(Store& store, std::size_t index, std::vector<Id>& memo) const {
  if (memo.size() <= index) memo.resize(all_.size());
  if (memo[index]) return memo[index];
  const Expression& e = all_[index];
  const auto arg = [&](std::size_t i) { return build(store, i, memo); };
  Id result;
  switch (e.shape) {
    case Shape::var: result = store.var(e.width, e.number == 0 ? "x" : "y"); break;
    case Shape::lit: result = store.lit(e.width, e.number); break;
    case Shape::operation: {
      const Id a = arg(e.a);
      result = is_unary(e.op) ? store.un(e.op, a) : store.bin(e.op, a, arg(e.b));
      break;
    }
    case Shape::ite: {
      const Id condition = arg(e.a);
      const Id then = arg(e.b);
      result = store.ite(condition, then, arg(e.c));
      break;
    }
    case Shape::extract:
      result = store.extract(static_cast<unsigned>(e.number), e.width, arg(e.a));
      break;
    case Shape::concat: {
      const Id high = arg(e.a);
      result = store.concat(high, arg(e.b));
      break;
    }
    case Shape::zext: result = store.zext(e.width, arg(e.a)); break;
    case Shape::sext: result = store.sext(e.width, arg(e.a)); break;
  }
  return memo[index] = result;
}

std::string Expressions::text(std::size_t index) const {
  const Expression& e = all_[index];
  const std::string suffix = ":" + std::to_string(e.width);
  switch (e.shape) {
    case Shape::var: return (e.number == 0 ? "x" : "y") + suffix;
    case Shape::lit: return std::to_string(e.number) + suffix;
    case Shape::operation: {
      std::string result = "(" + std::string(smt_name(e.op)) + " " + text(e.a);
      if (!is_unary(e.op)) result += " " + text(e.b);
      return result + ")";
    }
    case Shape::ite: return "(ite " + text(e.a) + " " + text(e.b) + " " + text(e.c) + ")";
    case Shape::extract:
      return "(extract" + suffix + "@" + std::to_string(e.number) + " " + text(e.a) + ")";
    case Shape::concat: return "(concat " + text(e.a) + " " + text(e.b) + ")";
    case Shape::zext: return "(zext" + suffix + " " + text(e.a) + ")";
    case Shape::sext: return "(sext" + suffix + " " + text(e.a) + ")";
  }
  PROBITY_UNREACHABLE("shape");
}

std::vector<Model> all_models(Store& store, unsigned variable_width) {
  const Id x = store.var(variable_width, "x");
  const Id y = store.var(variable_width, "y");
  std::vector<Model> models(std::size_t{1} << 2 * variable_width);
  for (std::size_t i = 0; i < models.size(); ++i) {
    models[i].set(x, i & mask<std::uint64_t>(variable_width));
    models[i].set(y, i >> variable_width);
  }
  return models;
}

namespace {

std::size_t fit(Expressions& expressions, std::size_t index, unsigned width,
                std::mt19937_64& random) {
  const unsigned have = expressions[index].width;
  if (have == width) return index;
  if (have > width) {
    const auto low = static_cast<unsigned>(random() % (have - width + 1));
    return expressions.extract(low, width, index);
  }
  return random() % 2 == 0 ? expressions.zext(width, index) : expressions.sext(width, index);
}

}  // namespace

std::size_t random_step(Expressions& expressions, const std::vector<std::size_t>& pool,
                        std::mt19937_64& random) {
  const auto draw = [&] { return pool[random() % pool.size()]; };
  constexpr unsigned op_count = static_cast<unsigned>(Op::sle) + 1;
  const std::size_t a = draw();
  const unsigned width = expressions[a].width;
  const unsigned choice = static_cast<unsigned>(random() % (op_count + 8));
  if (choice < op_count) {
    return expressions.operation(static_cast<Op>(choice), a,
                                 fit(expressions, draw(), width, random));
  }
  switch (choice - op_count) {
    case 0:
    case 1: {
      const std::size_t b = fit(expressions, draw(), width, random);
      return expressions.ite(fit(expressions, draw(), 1, random), a, b);
    }
    case 2:
    case 3: {
      const std::size_t b = draw();
      if (expressions[b].width + width > 2 * expressions.variable_width()) break;
      return expressions.concat(a, b);
    }
    case 4: return expressions.zext(width + static_cast<unsigned>(random() % 3), a);
    case 5: return expressions.sext(width + static_cast<unsigned>(random() % 3), a);
    default: break;
  }
  const auto part = static_cast<unsigned>(random() % width) + 1;
  return expressions.extract(static_cast<unsigned>(random() % (width - part + 1)), part, a);
}

}  // namespace probity::term::test
