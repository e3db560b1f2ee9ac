package explain

import (
	"strings"
	"testing"
	"time"

	"workstation/sidecars/goproxy/internal/settings"
)

func TestTeam(t *testing.T) {
	var shared settings.Shared
	shared.S3.Bucket, shared.S3.Region, shared.S3.AccessKeyID = "modules", "us-east-1", "key-id"
	shared.Redis.Endpoint = "redis.corp.example:6379"
	const s3 = "operation error S3: GetObject, "
	for _, test := range []struct{ cause, want string }{
		{s3 + "https response error StatusCode: 403, api error SignatureDoesNotMatch: The request signature", `credentials["s3"]`},
		{s3 + "https response error StatusCode: 404, api error NoSuchBucket: gone", "has no bucket modules"},
		{s3 + "exceeded maximum number of attempts, 3, dial tcp 10.0.0.1:9000: connect: connection refused", "goProxy.shared.s3.region us-east-1 does not answer"},
		{"dial tcp 10.0.0.2:6379: connect: connection refused", "goProxy.shared.redis.endpoint redis.corp.example:6379 does not answer"},
		{"dial tcp: lookup redis.corp.example: no such host", "goProxy.shared.redis.endpoint"},
		{"read tcp 172.18.0.3:41000->10.0.0.2:6379: i/o timeout", "goProxy.shared.redis.endpoint"},
		{"WRONGPASS invalid username-password pair or user is disabled.", `credentials["redis"]`},
		{"redislock: not obtained", "lock ends after 2m0s"},
		{"redislock: lock not held", "longer than its lock"},
	} {
		told, ours := Team("m@v1.0.0", test.cause, shared, 2*time.Minute)
		if !ours || told.Status != 502 || told.Kind != "shared" || !strings.Contains(told.Text, test.want) || !strings.Contains(told.Text, "m@v1.0.0") {
			t.Errorf("%s: %v %+v", test.cause, ours, told)
		}
	}
	for _, cause := range []string{
		"exit status 1: go: m@v1.0.0: Get \"http://proxy:6379/m\": dial tcp 10.0.0.9:6379: connect: connection refused",
		"exit status 1: go: m@v1.0.0: invalid version: unknown revision v1.0.0",
		"dial tcp 10.0.0.2:63790: connect: connection refused",
		"",
	} {
		if told, ours := Team("m@v1.0.0", cause, shared, time.Minute); ours {
			t.Errorf("%s: %+v", cause, told)
		}
	}
}
