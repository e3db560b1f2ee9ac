// Package athens runs Athens for the gate: its environment, its answers, and the reasons that only its log has.
package athens

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"workstation/sidecars/goproxy/internal/settings"
)

// Paths that Athens works with.
type Paths struct {
	// Socket it listens on; Storage is the folder of modules; Temporary is cleared at each start; Home has nobody's settings in it.
	Socket, Storage, Temporary, Home string
}

// inherited is what programs in a container need from it, and no more: secrets of the gate's own environment stay there.
var inherited = []string{"PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "TZ"}

// Inherit is the part of this process's environment for children, overlaid with the upstream's variables of the same names.
func Inherit(upstream map[string]string) []string {
	var found []string
	for _, key := range inherited {
		value, present := os.LookupEnv(key)
		if given, named := upstream[key]; named {
			value, present = given, true
		}
		if present {
			found = append(found, key+"="+value)
		}
	}
	return found
}

// Environment of Athens. sumdb is the address of our mirror of the checksum database, "" without one.
func Environment(s *settings.Settings, paths Paths, credentials []string, sumdb string, timeout time.Duration) []string {
	seconds := strconv.Itoa(int(timeout / time.Second))
	// Lists take seconds; with a bucket this also bounds uploading a version.
	listing := seconds
	if !s.IsShared() {
		listing = strconv.Itoa(int(min(timeout, 2*time.Minute) / time.Second))
	}
	env := Inherit(s.Upstream)
	for i, row := range env {
		if folders, found := strings.CutPrefix(row, "PATH="); found {
			env[i] = "PATH=" + filepath.Dir(s.Programs.Go) + string(os.PathListSeparator) + folders
		}
	}
	env = append(env,
		"HOME="+paths.Home, "TMPDIR="+paths.Temporary, "GOMEMLIMIT=72MiB", "GOGC=50",
		"GO_ENV=production", "GO_BINARY_PATH="+s.Programs.Go,
		"ATHENS_UNIX_SOCKET="+paths.Socket, "ATHENS_GOGET_DIR="+paths.Temporary,
		"ATHENS_LOG_LEVEL=info", "ATHENS_LOG_FORMAT=json",
		"ATHENS_PROTOCOL_WORKERS=64", "ATHENS_STASH_TIMEOUT="+seconds, "ATHENS_TIMEOUT="+listing, "ATHENS_SHUTDOWN_TIMEOUT=10",
		"ATHENS_TRACE_EXPORTER=", "ATHENS_STATS_EXPORTER=prometheus", "ATHENS_SUM_DBS=",
		"ATHENS_GO_BINARY_ENV_VARS="+strings.Join(goVariables(s, paths, credentials, sumdb), "; "),
	)
	if s.Offline {
		env = append(env, "ATHENS_NETWORK_MODE=offline", "ATHENS_DOWNLOAD_MODE=none")
	} else {
		// Strict: a list that is not complete because the upstream is down would be taken for the truth.
		env = append(env, "ATHENS_NETWORK_MODE=strict", "ATHENS_DOWNLOAD_MODE=sync")
	}
	if !s.IsShared() {
		return append(env, "ATHENS_STORAGE_TYPE=disk", "ATHENS_DISK_STORAGE_ROOT="+paths.Storage, "ATHENS_SINGLE_FLIGHT_TYPE=memory")
	}
	return append(append(env, bucket(s)...), lock(s, timeout)...)
}

func bucket(s *settings.Settings) []string {
	s3 := s.Shared.S3
	return []string{
		"ATHENS_STORAGE_TYPE=s3", "ATHENS_S3_BUCKET_NAME=" + s3.Bucket, "AWS_REGION=" + s3.Region, "AWS_ENDPOINT=" + s3.Endpoint,
		"AWS_FORCE_PATH_STYLE=" + strconv.FormatBool(s3.ForcePathStyle), "AWS_ACCESS_KEY_ID=" + s3.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY=" + s3.SecretAccessKey, "AWS_EC2_METADATA_DISABLED=true",
	}
}

// LockLasts is how long the lock of a proxy that was killed keeps the others from the version that it was fetching. Athens never renews a lock:
// a fetch that takes longer loses it, and another proxy may then fetch the same once more, which puts the same objects there.
func LockLasts(timeout time.Duration) time.Duration {
	return min(max(timeout/5, time.Second).Truncate(time.Second), 2*time.Minute)
}

func lock(s *settings.Settings, timeout time.Duration) []string {
	if s.Offline {
		// Nothing is fetched, so nobody needs the lock; Athens would not start without it.
		return []string{"ATHENS_SINGLE_FLIGHT_TYPE=memory"}
	}
	redis, seconds := s.Shared.Redis, strconv.Itoa(int(timeout/time.Second))
	return []string{
		"ATHENS_SINGLE_FLIGHT_TYPE=redis", "ATHENS_REDIS_ENDPOINT=" + redis.Endpoint, "ATHENS_REDIS_PASSWORD=" + redis.Password,
		// Waiting for another proxy's fetch may take as long as a fetch does; it is asked for once a second.
		"ATHENS_REDIS_LOCK_TIMEOUT=" + seconds, "ATHENS_REDIS_LOCK_MAX_RETRIES=" + seconds,
		"ATHENS_REDIS_LOCK_TTL=" + strconv.Itoa(int(LockLasts(timeout)/time.Second)),
	}
}

// goVariables are what Athens hands to each go command beside PATH and HOME.
func goVariables(s *settings.Settings, paths Paths, credentials []string, sumdb string) []string {
	variables := map[string]string{}
	for key, value := range s.Upstream {
		variables[key] = value
	}
	for _, row := range append(Inherit(s.Upstream), credentials...) {
		if key, value, _ := strings.Cut(row, "="); key != "PATH" && !strings.Contains(value, ";") {
			variables[key] = value
		}
	}
	for key, value := range map[string]string{
		"GOENV": "off", "GOTOOLCHAIN": "local", "GOFLAGS": "-modcacherw", "GOWORK": "off", "GOTELEMETRY": "off", "TMPDIR": paths.Temporary,
		"GONOPROXY": s.NoProxy(), "GONOSUMDB": s.NoSumdb(), "GOINSECURE": s.Insecure(), "GOSUMDB": "off",
	} {
		variables[key] = value
	}
	// An empty GONOPROXY means GOPRIVATE's value to go; ours already holds it.
	delete(variables, "GOPRIVATE")
	if named, err := settings.ParseSumdb(s.Upstream["GOSUMDB"]); err == nil && !named.Off && sumdb != "" {
		variables["GOSUMDB"] = named.First + " http://" + sumdb
	}
	var rows []string
	for key, value := range variables {
		if value != "" || key == "GONOPROXY" || key == "GONOSUMDB" {
			rows = append(rows, key+"="+value)
		}
	}
	slices.Sort(rows)
	return rows
}
