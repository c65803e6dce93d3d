/*
 * test_budget - what a file of which size may cost
 *
 * Job:     a row a size: the setting up to a mebibyte, never more than twice of it.
 * Touches: nothing.
 */
#include "t.h"

#include "budget.h"

int
main(void)
{
	static const struct {
		uint64_t size;
		int64_t ms;
	} row[] = {{0, 250},         {1, 250},
		   {1u << 20, 250},  {(1u << 20) + 1, 375},
		   {2u << 20, 375},  {(2u << 20) + 1, 500},
		   {32u << 20, 500}, {UINT64_MAX, 500}};
	size_t i;

	for (i = 0; i < sizeof row / sizeof row[0]; i++)
		T_EQ(budget_ms(250, row[i].size), row[i].ms);
	return T_DONE();
}
