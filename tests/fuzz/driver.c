/*
 * driver - replay corpus files through a fuzz target without libFuzzer
 *
 * Job:     call LLVMFuzzerTestOneInput once per file named, on a heap copy of
 *          exactly its size, so that ASan sees one byte too far.
 * Touches: the files named.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
main(int argc, char **argv)
{
	int i, n = 0;

	for (i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");
		uint8_t *data;
		size_t size;
		long end;

		if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (end = ftell(f)) < 0) {
			fprintf(stderr, "%s: cannot be read\n", argv[i]);
			return 1;
		}
		rewind(f);
		size = (size_t)end;
		data = malloc(size == 0 ? 1 : size);
		if (data == NULL || fread(data, 1, size, f) != size) {
			fprintf(stderr, "%s: short read\n", argv[i]);
			return 1;
		}
		fclose(f);
		(void)LLVMFuzzerTestOneInput(data, size);
		free(data);
		n++;
	}
	printf("%d inputs\n", n);
	return n == 0;
}
