#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "controller/sql/key_value.hpp"
#include "controller/sql/sql_table.hpp"

namespace capmap {

/// A column of a list of rows: what it is, and how a row tells it.
template <class Row>
struct ListColumn {
  SqlColumn words;
  std::function<void(const Row& row, SqlValue& out)> put;
};

/// A table whose rows stand in a list, made when they are first wanted: all of one moment. A key column is indexed when it is first looked
/// up.
template <class Row>
class ListTable final : public SqlTable {
 public:
  ListTable(std::vector<ListColumn<Row>> columns, std::function<std::vector<Row>()> make) : make_(std::move(make)) {
    for (auto& column : columns) {
      words_.push_back(std::move(column.words));
      puts_.push_back(std::move(column.put));
    }
  }
  [[nodiscard]] std::span<const SqlColumn> columns() const override { return words_; }
  std::unique_ptr<SqlScan> scan(const SqlWanted& wanted) override { return std::make_unique<Scan>(*this, wanted); }
  [[nodiscard]] double rows() const override { return 1 + static_cast<double>(list().size()); }
  Result<std::optional<std::uint64_t>> count() override { return std::optional<std::uint64_t>(list().size()); }
  [[nodiscard]] double rows_of(std::size_t) const override { return 1 + rows() / 100; }

 private:
  using Index = std::vector<std::pair<std::uint64_t, std::uint32_t>>;  ///< (key_of a value, row), ascending

  class Scan final : public SqlScan {
   public:
    Scan(ListTable& table, const SqlWanted& wanted) : table_(table), end_(table.list().size()) {
      if (wanted.equals.empty()) return;
      const auto& equal = wanted.equals.front();
      const auto& index = table.index_of(equal.column);
      const auto begin = std::ranges::lower_bound(index, equal.key, {}, &Index::value_type::first);
      const auto end = std::ranges::upper_bound(index, equal.key, {}, &Index::value_type::first);
      found_ = index.data() + (begin - index.begin());
      end_ = static_cast<std::size_t>(end - begin);
    }
    bool next() override {
      at_ = begun_ ? at_ + 1 : 0;
      begun_ = true;
      return at_ < end_;
    }
    void value(std::size_t column, SqlValue& out) const override { table_.puts_[column](table_.rows_[place()], out); }
    [[nodiscard]] std::int64_t row() const override { return static_cast<std::int64_t>(place()); }

   private:
    [[nodiscard]] std::size_t place() const { return found_ == nullptr ? at_ : found_[at_].second; }
    ListTable& table_;
    const typename Index::value_type* found_ = nullptr;
    std::size_t at_ = 0, end_ = 0;
    bool begun_ = false;
  };

  const std::vector<Row>& list() const {
    if (make_) rows_ = std::exchange(make_, nullptr)();
    return rows_;
  }

  const Index& index_of(std::size_t column) {
    const auto [at, is_new] = indexes_.try_emplace(column);
    if (is_new) {
      KeyOfValue key;
      const auto& rows = list();
      at->second.reserve(rows.size());
      for (std::size_t i = 0; i < rows.size(); ++i) {
        puts_[column](rows[i], key);
        if (key.known()) at->second.emplace_back(key.key(), static_cast<std::uint32_t>(i));
      }
      std::ranges::sort(at->second);
    }
    return at->second;
  }

  std::vector<SqlColumn> words_;
  std::vector<std::function<void(const Row&, SqlValue&)>> puts_;
  mutable std::function<std::vector<Row>()> make_;  ///< null: they are made
  mutable std::vector<Row> rows_;
  std::map<std::size_t, Index> indexes_;
};

}  // namespace capmap
