package explain

import (
	"net"
	"net/http"
	"regexp"
	"strings"
	"time"

	"workstation/sidecars/goproxy/internal/settings"
)

var (
	ofBucket = regexp.MustCompile(`operation error S3|endpoint credentials|failed to (?:refresh cached )?credentials|upload multipart failed`)
	ofLock   = regexp.MustCompile(`redislock:|redis: |\bredis\b.*\b(?:client|connection|pool)|^(?:WRONGPASS|NOAUTH|NOPERM|DENIED|READONLY|LOADING|MISCONF|CLUSTERDOWN|OOM) `)

	noBucket     = regexp.MustCompile(`NoSuchBucket|StatusCode: 301`)
	refusedByS3  = regexp.MustCompile(`InvalidAccessKeyId|SignatureDoesNotMatch|AccessDenied|StatusCode: 40[13]`)
	refusedLogin = regexp.MustCompile(`WRONGPASS|NOAUTH|AUTH <password>|invalid password|NOPERM|DENIED`)
)

// LockLost says that a fetch took longer than its lock lasts. What it fetched is in the bucket all the same.
func LockLost(cause string) bool { return strings.Contains(cause, "redislock: lock not held") }

// Team explains a failure of what a team shares: the bucket, or the lock. ours is false when it is another's. lasts is how long a lock lasts.
func Team(what, cause string, shared settings.Shared, lasts time.Duration) (told Answer, ours bool) {
	cause = tidy(cause)
	head := ""
	switch {
	case ofBucket.MatchString(cause):
		head = Bucket(cause, shared)
	case ofLock.MatchString(cause) || dials(cause, shared.Redis.Endpoint):
		head = Lock(cause, shared, lasts)
	default:
		return Answer{}, false
	}
	return Answer{http.StatusBadGateway, "shared", what + ": " + head + "\n" + cause}, true
}

// Bucket says what is wrong with the S3 server.
func Bucket(cause string, shared settings.Shared) string {
	s3 := shared.S3
	server := "goProxy.shared.s3.endpoint " + s3.Endpoint
	if s3.Endpoint == "" {
		server = "S3 in goProxy.shared.s3.region " + s3.Region
	}
	switch {
	case noBucket.MatchString(cause):
		return server + " has no bucket " + s3.Bucket + " (goProxy.shared.s3.bucket, or another region or forcePathStyle)"
	case refusedByS3.MatchString(cause):
		return server + " refuses accessKeyId " + s3.AccessKeyID + ` with the secret credentials["s3"], or what it may do with bucket ` + s3.Bucket + ".\n" +
			"It needs ListBucket, GetObject and PutObject. Is the secret wrong or old? run: ./workstation credential set s3, then ./workstation up"
	}
	return server + " does not answer as it should (bucket " + s3.Bucket + ").\nWhat this workstation holds itself is served on"
}

// Lock says what is wrong with the Redis server.
func Lock(cause string, shared settings.Shared, lasts time.Duration) string {
	server := "goProxy.shared.redis.endpoint " + shared.Redis.Endpoint
	switch {
	case refusedLogin.MatchString(cause):
		return server + ` refuses the password credentials["redis"], or wants one.` + "\nRun: ./workstation credential set redis, then ./workstation up"
	case strings.Contains(cause, "redislock: not obtained"):
		return "another proxy of the team fetches it and is not done (lock on " + server + ").\nTry again; where that proxy died, its lock ends after " + lasts.String()
	case LockLost(cause):
		return "it took longer than its lock lasts (" + lasts.String() + ", on " + server + "): try again"
	}
	return server + " does not answer as it should: what is in the bucket is served, nothing new is fetched"
}

// dials says that a text tells of a connection to this server, which Athens does not name otherwise. go's own texts begin with "exit status".
func dials(cause, endpoint string) bool {
	_, port, err := net.SplitHostPort(endpoint)
	if err != nil || strings.Contains(cause, "://") || strings.Contains(cause, "exit status") {
		return false
	}
	host, _, _ := net.SplitHostPort(endpoint)
	return regexp.MustCompile(`(?:^|\W)(?:dial|read|write) tcp [^\s]*(?:->\S*)?:`+port+`\b`).MatchString(cause) || strings.Contains(cause, "lookup "+host)
}
