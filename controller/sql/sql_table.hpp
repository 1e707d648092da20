#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "controller/sql/sql_value.hpp"

namespace capmap {

/// A column as a person reads of it. Of a `key` column one value can be looked up without a look at all rows.
struct SqlColumn {
  std::string name;
  std::string type;  ///< TEXT, INTEGER or REAL; empty: as each value is
  std::string what;
  bool key = false;
};

/// A value that a key column must equal: as a text, and its key_of().
struct SqlEqual {
  std::size_t column = 0;
  std::string value;
  std::uint64_t key = 0;
};

/// What a statement wants of a scan.
struct SqlWanted {
  std::uint64_t columns = UINT64_MAX;  ///< bit i: column i; bit 63: any from there on
  std::vector<SqlEqual> equals;        ///< all of them; rows beyond them may come too, since SQLite looks again
  std::vector<std::size_t> order{};    ///< columns that rows must ascend by, the first one first; only what the table's orders() took
  [[nodiscard]] bool uses(std::size_t column) const { return (columns >> (column < 63 ? column : 63) & 1U) != 0; }
  [[nodiscard]] const std::string* equal(std::size_t column) const {
    for (const auto& one : equals) {
      if (one.column == column) return &one.value;
    }
    return nullptr;
  }
};

/// A walk through rows.
class SqlScan {
 public:
  virtual ~SqlScan() = default;
  /// To the first row, or the next one. False: there are no more, or failed() tells what ends the statement.
  virtual bool next() = 0;
  [[nodiscard]] virtual const std::optional<Error>& failed() const {
    static const std::optional<Error> kNothing;
    return kNothing;
  }
  virtual void value(std::size_t column, SqlValue& out) const = 0;
  [[nodiscard]] virtual std::int64_t row() const = 0;
};

/// One table of a statement. It borrows the scene.
class SqlTable {
 public:
  virtual ~SqlTable() = default;
  [[nodiscard]] virtual std::span<const SqlColumn> columns() const = 0;
  virtual std::unique_ptr<SqlScan> scan(const SqlWanted& wanted) = 0;
  /// About how many there are, and of them those that one value of that column leaves.
  [[nodiscard]] virtual double rows() const = 0;
  [[nodiscard]] virtual double rows_of(std::size_t key_column) const = 0;
  /// How many there are, where that is known without a walk by SQLite; empty: it is not. Errors: as SqlScan.
  virtual Result<std::optional<std::uint64_t>> count() { return std::optional<std::uint64_t>(); }
  /// What a walk by that column costs, in rows that are looked at.
  [[nodiscard]] virtual double cost_of(std::size_t key_column) const { return 10 + rows_of(key_column); }
  /// Whether a walk that wants this can come ascending by `wanted.order` (as SQLite compares: null first, texts by their bytes) for about
  /// what it costs anyhow, so that nothing is sorted to group by those columns.
  [[nodiscard]] virtual bool orders(const SqlWanted& wanted) const {
    static_cast<void>(wanted);
    return false;
  }
};

/// What a table is called and tells, whatever the map holds.
struct SqlTableWords {
  std::string name, what;
  bool one_moment = true;  ///< else its rows are read while the map goes on, each with its revision
};

}  // namespace capmap
