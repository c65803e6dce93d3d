/*
 * test_classify - the interface of `mailbrake classify`: damaged lines never stop it
 */
#include <stdlib.h>
#include <unistd.h>

#include "classify.h"
#include "t.h"

int
main(void)
{
	static const char in[] = "{\"mx\":\"mx1.hotmail.com\",\"code\":550,\"reply\":\"5."
				 "7.1 block list (S3140)\"}\n"
				 "{broken\n"
				 "\n"
				 "[1]\n"
				 "{\"reply\":7}\n"
				 "{}\n"
				 "{\"domain\":\"gmail.com\",\"code\":\"550\",\"reply\":"
				 "\"5.1.1 no\",\"extra\":[]}\n"
				 "{\"mx\":1}\n"
				 "{\"domain\":[],\"code\":550}\n"
				 "{\"code\":\"x\",\"reply\":\"550 no\"}\n"
				 "{\"code\":5500}\n"
				 "{\"reply\":\"550 caf\xe9 user unknown\"}";
	struct provider_table *t;
	struct err e;
	char *out = NULL;
	size_t n = 0;
	FILE *fi = fmemopen((void *)(uintptr_t)in, sizeof(in) - 1, "r");
	FILE *fo = open_memstream(&out, &n);
	const char *path = access("rules/providers", R_OK) == 0 ? "rules/providers"
								: "../rules/providers";

	if (provider_table_load(path, &t, &e) == -1 || fi == NULL || fo == NULL) {
		printf("cannot begin: %s\n", e.text);
		return 1;
	}
	T_EQ(classify_stream(t, fi, fo, true), 8);
	fclose(fo);
	T_STR(out,
	      "{\"provider\":\"microsoft\",\"scope\":\"ip\",\"row\":\"ms-"
	      "blocklist\",\"action\":"
	      "\"delist\",\"code\":550,\"enhanced\":\"5.7.1\"}\n"
	      "{\"error\":\"not JSON\",\"line\":2}\n"
	      "{\"error\":\"not an object\",\"line\":4}\n"
	      "{\"error\":\"reply is not a string\",\"line\":5,\"field\":\"reply\"}\n"
	      "{\"provider\":\"other\",\"scope\":\"unknown\",\"row\":\"unknown\","
	      "\"action\":"
	      "\"look\",\"code\":0,\"enhanced\":\"\",\"error\":\"there is no code, "
	      "and the reply has none\",\"line\":6,\"field\":\"code\"}\n"
	      "{\"provider\":\"google\",\"scope\":\"recipient\",\"row\":\"enh-"
	      "recipient\",\"action\":"
	      "\"clean-list\",\"code\":550,\"enhanced\":\"5.1.1\"}\n"
	      "{\"error\":\"mx is not a string\",\"line\":8,\"field\":\"mx\"}\n"
	      "{\"error\":\"domain is not a string\",\"line\":9,\"field\":\"domain\"}"
	      "\n"
	      "{\"error\":\"code is not a number\",\"line\":10,\"field\":\"code\"}\n"
	      "{\"error\":\"code is not 200 to 599\",\"line\":11,\"field\":\"code\"}\n"
	      "{\"provider\":\"other\",\"scope\":\"recipient\",\"row\":\"user-"
	      "unknown\",\"action\":"
	      "\"clean-list\",\"code\":550,\"enhanced\":\"\"}\n");
	free(out);
	fclose(fi);
	provider_table_free(&t);
	return T_DONE();
}
