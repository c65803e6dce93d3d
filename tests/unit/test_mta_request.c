/*
 * test_mta_request - what Exim and Postfix ask
 *
 * Job:     unit test of daemon/judge/mta_request.c and sockdiag.c.
 * Touches: a loopback connection, netlink.
 */
#include "t.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mta_request.h"
#include "sockdiag.h"

static void
test_exim(void)
{
	static const char q[] =
	    "CHECK v=1 id=1xUu5U-0001QX-0R ouid=2001 cuid=2001 rc=3 size=103 "
	    "from=bWJhQG1iLnRlc3Q= script=MjAwMTptYWlsLnBocA== new=1\nrest";
	struct mta_request r;
	struct err e;

	T_EQ(mta_request_whole(q, sizeof q - 1), (int64_t)sizeof q - 5);
	T_EQ(mta_request_whole(q, 20), 0);
	T_EQ(mta_request_parse(q, sizeof q - 5, &r, &e), 0);
	T_EQ(r.kind, MTA_EXIM_LOCAL);
	T_STR(r.id, "1xUu5U-0001QX-0R");
	T_EQ(r.ouid, 2001);
	T_EQ(r.rcpts, 3);
	T_STR(r.sender, "mba@mb.test");
	T_STR(r.script, "2001:mail.php");
	T_EQ(mta_request_parse("CHECK v=1\n", 10, &r, &e), -1);
	T_EQ(mta_request_parse("HELO x\n", 7, &r, &e), -1);
	T_EQ(mta_request_parse("CHECK ouid=-1 rc=99999999999999999999\n", 38, &r, &e),
	     -1);
	T_EQ(mta_request_whole("a\0b\n", 4), -1);
}

static void
test_postfix(void)
{
	static const char q[] =
	    "request=smtpd_access_policy\nprotocol_state=END-OF-MESSAGE\n"
	    "client_address=127.0.0.1\nclient_port=60130\nserver_address=127.0.0.1\n"
	    "server_port=25\nsender=a=b@mb.test\nrecipient_count=7\n"
	    "queue_id=5704E108751\nsasl_username=\n\n";
	struct mta_request r;
	struct err e;

	T_EQ(mta_request_whole(q, sizeof q - 1), (int64_t)sizeof q - 1);
	T_EQ(mta_request_whole(q, sizeof q - 2), 0);
	T_EQ(mta_request_parse(q, sizeof q - 1, &r, &e), 0);
	T_EQ(r.kind, MTA_POSTFIX);
	T_EQ(r.client.port, 60130);
	T_EQ(r.server.port, 25);
	T_EQ(r.client.family, AF_INET);
	T_STR(r.sender, "a=b@mb.test");
	T_EQ(r.rcpts, 7);
	T_EQ(r.ouid, -1);
}

/* The kernel's word on who made a local connection. */
static void
test_owner(void)
{
	struct sockaddr_in sa = {.sin_family = AF_INET}, me = sa;
	struct mta_end client = {.family = AF_INET}, server = {.family = AF_INET};
	int listener = socket(AF_INET, SOCK_STREAM, 0),
	    conn = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t n = sizeof sa;
	uint32_t uid = 4242;
	struct err e;

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	T_EQ(bind(listener, (struct sockaddr *)&sa, sizeof sa), 0);
	T_EQ(listen(listener, 1), 0);
	T_EQ(getsockname(listener, (struct sockaddr *)&sa, &n), 0);
	T_EQ(connect(conn, (struct sockaddr *)&sa, sizeof sa), 0);
	n = sizeof me;
	T_EQ(getsockname(conn, (struct sockaddr *)&me, &n), 0);
	memcpy(client.addr, &me.sin_addr, 4);
	memcpy(server.addr, &sa.sin_addr, 4);
	client.port = ntohs(me.sin_port);
	server.port = ntohs(sa.sin_port);
	T_EQ(sockdiag_uid(&client, &server, &uid, &e), 1);
	T_EQ(uid, getuid());
	client.port ^= 1;
	T_EQ(sockdiag_uid(&client, &server, &uid, &e), 0);
	close(conn);
	close(listener);
}

int
main(void)
{
	test_exim();
	test_postfix();
	test_owner();
	return T_DONE();
}
