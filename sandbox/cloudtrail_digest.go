package sandbox

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"riposte.dev/sandbox/wire"
)

// digestChain is a row of digests, each signed over the one before
// (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html).
type digestChain struct {
	start    time.Time // of the next digest
	files    []digestFile
	previous *signedDigest // nil before the first
}

type signedDigest struct{ bucket, key, hash, signature string }

// digestFile is a log file in a digest.
type digestFile struct {
	Bucket    string `json:"s3Bucket"`
	Key       string `json:"s3Object"`
	Hash      string `json:"hashValue"` // of the text before gzip
	Algorithm string `json:"hashAlgorithm"`
	Newest    string `json:"newestEventTime"`
	Oldest    string `json:"oldestEventTime"`
}

// digest is the JSON of a digest file. Members that have no value are null: the
// previous ones in the first of a chain, the times when there are no log files.
type digest struct {
	Account            string       `json:"awsAccountId"`
	Start              string       `json:"digestStartTime"`
	End                string       `json:"digestEndTime"`
	Bucket             string       `json:"digestS3Bucket"`
	Key                string       `json:"digestS3Object"`
	Fingerprint        string       `json:"digestPublicKeyFingerprint"`
	SignatureAlgorithm string       `json:"digestSignatureAlgorithm"`
	Newest             *string      `json:"newestEventTime"`
	Oldest             *string      `json:"oldestEventTime"`
	PreviousBucket     *string      `json:"previousDigestS3Bucket"`
	PreviousKey        *string      `json:"previousDigestS3Object"`
	PreviousHash       *string      `json:"previousDigestHashValue"`
	PreviousHashedBy   *string      `json:"previousDigestHashAlgorithm"`
	PreviousSignature  *string      `json:"previousDigestSignature"`
	Files              []digestFile `json:"logFiles"`
}

const signatureAlgorithm = "SHA256withRSA"

// DeliverDigests writes the digest files of the trails that validate their log
// files: one for each account and region that had log files, and for the
// trail's home. A trail that has stopped gets its last ones, with what still
// waited. A bucket that refuses shows in GetTrailStatus; the next digest covers
// the time of the one that it refused. The error is ctx's.
func (s *Sandbox) DeliverDigests(ctx context.Context) error {
	return s.eachTrail(ctx, func(t *trail, now time.Time) {
		if t.logging {
			s.deliverDigests(t, now)
		} else {
			s.endDigests(t, now)
		}
	})
}

// beginDigests starts the chain of the trail's home. The others start with
// their first log file.
func (t *trail) beginDigests(now time.Time) {
	if !t.validation || !t.logging {
		return
	}
	t.log.validated = now
	t.log.stream(streamKey{t.account, t.home}).chain = &digestChain{start: now}
}

// endDigests delivers what waits and the last digest of each chain. The lock is
// held.
func (s *Sandbox) endDigests(t *trail, now time.Time) {
	s.deliverFiles(t, now)
	s.deliverDigests(t, now)
	t.log.validated = time.Time{}
	for _, st := range t.log.streams {
		st.chain = nil
	}
}

func (s *Sandbox) deliverDigests(t *trail, now time.Time) {
	for _, key := range t.log.keys() {
		if st := t.log.streams[key]; st.chain != nil {
			t.log.in(key.region).digests.note(now, s.deliverDigest(t, key, st, now))
		}
	}
}

// deliverDigest writes the next digest of a stream, and says the code of the
// bucket's refusal.
func (s *Sandbox) deliverDigest(t *trail, key streamKey, st *logStream, now time.Time) string {
	end := now.UTC().Truncate(time.Second)
	if !end.After(st.ended) {
		end = st.ended.Add(time.Second) // its name must differ
	}
	signer, err := s.signingKey(key.region, now)
	if err != nil {
		s.opts.Logger.Error("no key for digests", "region", key.region, "err", err)
		return "InternalError"
	}
	d := st.chain.digest(end)
	d.Account, d.Fingerprint = key.account, signer.fingerprint
	d.Bucket = t.bucket
	d.Key = t.folder(s.org, key, "CloudTrail-Digest") + end.Format("/2006/01/02/") + key.account + "_CloudTrail-Digest_" +
		key.region + "_" + t.name + "_" + t.home + end.Format("_20060102T150405Z.json.gz")
	text, err := json.Marshal(d)
	if err != nil {
		s.opts.Logger.Error("digest has no JSON form", "trail", t.arn, "err", err)
		return "InternalError"
	}
	signature, err := signer.sign(d, text)
	if err != nil {
		s.opts.Logger.Error("digest can't be signed", "trail", t.arn, "err", err)
		return "InternalError"
	}
	metadata := wire.Object{"signature": signature, "signature-algorithm": signatureAlgorithm}
	if failure := s.deliverObject(t, d.Key, text, metadata, now); failure != "" {
		return failure
	}
	st.chain.start, st.ended, st.chain.files = end, end, nil
	st.chain.previous = &signedDigest{d.Bucket, d.Key, hashOf(text), signature}
	return ""
}

// digest is the chain's next one, that ends at a time.
func (ch *digestChain) digest(end time.Time) *digest {
	d := &digest{
		Start: stamp(ch.start), End: stamp(end), SignatureAlgorithm: signatureAlgorithm,
		Files: append([]digestFile{}, ch.files...), // never null
	}
	if len(ch.files) > 0 {
		// RFC 3339 times of one zone sort as text.
		newest := slices.MaxFunc(ch.files, func(a, b digestFile) int { return strings.Compare(a.Newest, b.Newest) })
		oldest := slices.MinFunc(ch.files, func(a, b digestFile) int { return strings.Compare(a.Oldest, b.Oldest) })
		d.Newest, d.Oldest = &newest.Newest, &oldest.Oldest
	}
	if p := ch.previous; p != nil {
		by := hashAlgorithm
		d.PreviousBucket, d.PreviousKey, d.PreviousHash = &p.bucket, &p.key, &p.hash
		d.PreviousHashedBy, d.PreviousSignature = &by, &p.signature
	}
	return d
}

// sign signs a digest over its end, its place, its hash and the signature
// before, in lines
// (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-custom-validation.html).
func (k *signingKey) sign(d *digest, text []byte) (string, error) {
	before := "null"
	if d.PreviousSignature != nil {
		before = *d.PreviousSignature
	}
	sum := sha256.Sum256([]byte(d.End + "\n" + d.Bucket + "/" + d.Key + "\n" + hashOf(text) + "\n" + before))
	signature, err := rsa.SignPKCS1v15(nil, k.private, crypto.SHA256, sum[:])
	return hex.EncodeToString(signature), err
}
