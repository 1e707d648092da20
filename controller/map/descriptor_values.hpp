#pragma once
#include "controller/map/descriptor.hpp"
#include "controller/map/site.hpp"

namespace capmap {

/// What descriptors may say of a place's hardware: all of kDescriptorFigures, and the models among kDescriptorTexts. Pure.
void put_figures(DescriptorValues& values, const RollupGroup& group);

/// What they may say of who stands there: the other texts. `pool` is null for a whole site. Pure.
void put_texts(DescriptorValues& values, const Site& site, const Pool* pool, DescriptorEdition edition);

}  // namespace capmap
