package digest

import (
	"regexp"
	"strings"
	"time"

	"riposte.dev/fault"
)

const (
	digestTime = "20060102T150405Z"
	fileTime   = "20060102T1504Z"
	dayFolder  = "2006/01/02"
	suffix     = ".json.gz"
	backfilled = "_backfill" // of digests that CloudTrail wrote afterwards; they have a chain of their own
)

// trailName is an ARN taken apart.
type trailName struct {
	arn, partition, region, account, name string
}

var trailARN = regexp.MustCompile(`^arn:(aws[a-z-]*):cloudtrail:([a-z0-9-]+):([0-9]{12}):trail/([A-Za-z0-9._-]+)$`)

func parseTrail(arn string) (trailName, error) {
	m := trailARN.FindStringSubmatch(arn)
	if m == nil {
		return trailName{}, fault.New(fault.Invalid, "%q is no ARN of a trail", arn).
			WithHint("write it as in arn:aws:cloudtrail:us-east-1:111122223333:trail/main; `aws cloudtrail list-trails` shows it")
	}
	return trailName{arn, m[1], m[2], m[3], m[4]}, nil
}

// layout is where a trail puts its files for one account.
type layout struct {
	trail   trailName
	account string
	root    string // prefix and AWSLogs/, with the organization's id where the trail is its
}

func (l layout) digests() string                { return l.root + l.account + "/CloudTrail-Digest/" }
func (l layout) files() string                  { return l.root + l.account + "/CloudTrail/" }
func (l layout) digestsOf(region string) string { return l.digests() + region + "/" }
func (l layout) filesOf(region string) string   { return l.files() + region + "/" }

// digestKey is a digest's key taken apart.
type digestKey struct {
	key      string
	end      time.Time
	ours     bool // of the trail in question; other trails may share the folder
	backfill bool
}

// parseDigestKey reads the key of a digest of a region.
func (l layout) parseDigestKey(region, key string) (digestKey, bool) {
	name, ok := strings.CutSuffix(key[strings.LastIndexByte(key, '/')+1:], suffix)
	if !ok {
		return digestKey{}, false
	}
	name, backfill := strings.CutSuffix(name, backfilled)
	stem, stamp, ok := cutLast(name, "_")
	end, err := time.Parse(digestTime, stamp)
	if !ok || err != nil {
		return digestKey{}, false
	}
	ours := stem == l.account+"_CloudTrail-Digest_"+region+"_"+l.trail.name+"_"+l.trail.region
	return digestKey{key: key, end: end, ours: ours, backfill: backfill}, true
}

// parseFileKey reads the time of delivery in the key of a log file, to the minute.
func (l layout) parseFileKey(region, key string) (time.Time, bool) {
	name := key[strings.LastIndexByte(key, '/')+1:]
	rest, ok := strings.CutPrefix(name, l.account+"_CloudTrail_"+region+"_")
	if !ok || !strings.HasSuffix(rest, suffix) {
		return time.Time{}, false
	}
	stamp, _, _ := strings.Cut(rest, "_")
	at, err := time.Parse(fileTime, stamp)
	return at, err == nil
}

func cutLast(text, sep string) (before, after string, ok bool) {
	at := strings.LastIndex(text, sep)
	if at < 0 {
		return text, "", false
	}
	return text[:at], text[at+len(sep):], true
}
