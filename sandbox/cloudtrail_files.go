package sandbox

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"riposte.dev/sandbox/wire"
)

// DeliverLogFiles writes what trails have gathered to their buckets, as
// gzipped {"Records":[…]} under
// [prefix/]AWSLogs/[organisation/]ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/
// (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html).
// A bucket that refuses shows in GetTrailStatus, and gets the records with the
// next delivery. The error is ctx's.
func (s *Sandbox) DeliverLogFiles(ctx context.Context) error {
	return s.eachTrail(ctx, s.deliverFiles)
}

// eachTrail does something for every trail, one under the lock at a time.
func (s *Sandbox) eachTrail(ctx context.Context, do func(t *trail, now time.Time)) error {
	for _, t := range s.allTrails() {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("sandbox: deliver log files: %w", err)
		}
		s.mu.Lock()
		do(t, s.opts.Clock.Now())
		s.mu.Unlock()
	}
	return nil
}

// allTrails are the trails of all accounts, by ARN.
func (s *Sandbox) allTrails() []*trail {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*trail
	for _, st := range s.state {
		if state, ok := st.(*trails); ok {
			for _, t := range state.byKey {
				out = append(out, t)
			}
		}
	}
	slices.SortFunc(out, func(a, b *trail) int { return strings.Compare(a.arn, b.arn) })
	return out
}

// deliverFiles writes the log files of a trail. The lock is held.
func (s *Sandbox) deliverFiles(t *trail, now time.Time) {
	for _, key := range t.log.keys() {
		st := t.log.streams[key]
		for len(st.waiting) > 0 {
			n := min(len(st.waiting), recordsInFile)
			file, failure := s.deliverFile(t, key, st.waiting[:n], now)
			t.log.in(key.region).files.note(now, failure)
			if failure != "" {
				break
			}
			st.waiting = st.waiting[n:]
			if st.chain == nil && !t.log.validated.IsZero() {
				st.chain = &digestChain{start: t.log.validated}
			}
			if st.chain != nil {
				st.chain.files = append(st.chain.files, file)
			}
			s.announceFile(t, key.region, file.Key, now)
		}
		if len(st.waiting) == 0 {
			st.waiting = nil // gives the delivered ones free
		}
	}
}

// deliverFile writes one log file and says what a digest has of it, or the code
// of the bucket's refusal.
func (s *Sandbox) deliverFile(t *trail, key streamKey, records []waitingRecord, now time.Time) (digestFile, string) {
	var text bytes.Buffer
	text.WriteString(`{"Records":[`)
	oldest, newest := records[0].at, records[0].at
	for i, r := range records {
		if i > 0 {
			text.WriteByte(',')
		}
		text.Write(r.text)
		if r.at.Before(oldest) {
			oldest = r.at
		}
		if r.at.After(newest) {
			newest = r.at
		}
	}
	text.WriteString("]}")
	now = now.UTC()
	name := t.folder(s.org, key, "CloudTrail") + now.Format("/2006/01/02/") + key.account + "_CloudTrail_" + key.region + "_" +
		now.Format("20060102T1504Z_") + s.fileID() + ".json.gz"
	if failure := s.deliverObject(t, name, text.Bytes(), nil, now); failure != "" {
		return digestFile{}, failure
	}
	return digestFile{
		Bucket: t.bucket, Key: name, Hash: hashOf(text.Bytes()), Algorithm: hashAlgorithm,
		Newest: stamp(newest), Oldest: stamp(oldest),
	}, ""
}

// folder is where the files of a kind (CloudTrail, CloudTrail-Digest) lie.
func (t *trail) folder(o *organization, key streamKey, kind string) string {
	parts := []string{"AWSLogs", key.account, kind, key.region}
	if t.org && o != nil {
		parts = slices.Insert(parts, 1, o.id)
	}
	if t.prefix != "" {
		parts = slices.Insert(parts, 0, t.prefix)
	}
	return strings.Join(parts, "/")
}

// fileID keeps files of the same minute apart.
func (s *Sandbox) fileID() string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	b := make([]byte, 16)
	for i := range b {
		b[i] = alphabet[s.opts.Rand.IntN(len(alphabet))]
	}
	return string(b)
}

// deliverObject puts gzipped text into the trail's bucket as CloudTrail, and
// says S3's error code when it may not.
func (s *Sandbox) deliverObject(t *trail, key string, text []byte, metadata wire.Object, now time.Time) string {
	b := liveState(s, stateKey{service: "s3"}, newBuckets).byName[t.bucket]
	switch {
	case b == nil:
		return "NoSuchBucket"
	case !trailMay(t, b.document(), "s3:PutObject", "arn:aws:s3:::"+t.bucket+"/"+key):
		return "AccessDenied"
	}
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err == nil {
		_, err = z.Write(text)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		s.opts.Logger.Error("log file can't be packed", "trail", t.arn, "err", err)
		return "InternalError"
	}
	o := newObject(packed.Bytes(), now)
	o.kind, o.encoding, o.metadata = "application/json", "gzip", metadata
	by := s3Request{
		id: s.newID(""), host: s.hostID(), requester: "cloudtrail.amazonaws.com", sourceIP: "192.0.2.1",
		principal: "AWS:AROA" + strings.Repeat("X", 17) + ":regionalDeliverySession", time: now,
	}
	if err := s.storeObject(b, key, o, by); err != nil {
		return "ServiceUnavailable"
	}
	return ""
}

const hashAlgorithm = "SHA-256"

func hashOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// stamp is a time as CloudTrail's documents write it.
func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// announceFailure is a failed delivery in SNS's words.
func announceFailure(u *undelivered) string {
	switch u.code {
	case "NO_RESOURCE":
		return "NotFound"
	case "NO_PERMISSIONS":
		return "AuthorizationError"
	}
	return u.code
}

// fileNotice is what a trail's topic is told of a log file
// (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/configure-sns-notifications-for-cloudtrail.html).
type fileNotice struct {
	Bucket string   `json:"s3Bucket"`
	Keys   []string `json:"s3ObjectKey"`
}

// announceFile tells the trail's topic of a log file of a region.
func (s *Sandbox) announceFile(t *trail, region, key string, now time.Time) {
	if t.topicARN == "" {
		return
	}
	text, err := json.Marshal(fileNotice{t.bucket, []string{key}})
	if err != nil {
		s.opts.Logger.Error("log file can't be announced", "trail", t.arn, "err", err)
		return
	}
	from := sender{service: "cloudtrail.amazonaws.com", source: t.arn, account: t.account}
	failure := ""
	if err := s.hand(delivery{from: from, arn: t.topicARN, payload: text}); err != nil {
		failure = announceFailure(asUndelivered(err))
	}
	t.log.in(region).notices.note(now, failure)
}
