package digest

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
)

// maxDigest bounds a digest file, unpacked: a log file takes some 500 bytes of it.
const maxDigest = 64 << 20

// digestFile is what a digest file says.
type digestFile struct {
	Account           string    `json:"awsAccountId"`
	Start             time.Time `json:"digestStartTime"`
	EndText           string    `json:"digestEndTime"` // signed as it is written
	Bucket            string    `json:"digestS3Bucket"`
	Object            string    `json:"digestS3Object"`
	Fingerprint       string    `json:"digestPublicKeyFingerprint"`
	Algorithm         string    `json:"digestSignatureAlgorithm"`
	PreviousBucket    string    `json:"previousDigestS3Bucket"`
	PreviousObject    string    `json:"previousDigestS3Object"`
	PreviousSignature string    `json:"previousDigestSignature"`
	Files             []logFile `json:"logFiles"`

	end       time.Time
	signature string   // of the object's metadata
	hash      [32]byte // of the unpacked bytes
}

// logFile is a log file as a digest names it. The hash is over the unpacked bytes.
type logFile struct {
	Bucket    string `json:"s3Bucket"`
	Object    string `json:"s3Object"`
	Hash      string `json:"hashValue"`
	Algorithm string `json:"hashAlgorithm"`
}

// first reports whether the digest begins a chain: the trail, or its validation, had been off before.
func (d *digestFile) first() bool { return d.PreviousObject == "" }

// parse reads a digest file, packed as it lies in the bucket.
func parse(packed []byte) (*digestFile, error) {
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("it is no gzip file: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(zip, maxDigest+1))
	if err != nil {
		return nil, fmt.Errorf("it is no whole gzip file: %w", err)
	}
	if len(text) > maxDigest {
		return nil, fmt.Errorf("unpacked it has more than %d bytes", maxDigest)
	}
	var d digestFile
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, fmt.Errorf("it is no digest: %w", err)
	}
	if d.end, err = time.Parse(time.RFC3339, d.EndText); err != nil || d.Start.IsZero() || d.Bucket == "" || d.Object == "" || d.Fingerprint == "" {
		return nil, errors.New("it is no digest: its times, its place or its key's fingerprint are missing")
	}
	d.hash = sha256.Sum256(text)
	return &d, nil
}

// signed is the text that CloudTrail signs: end, place, hash of the unpacked digest, and the signature of the one before,
// a line each.
func (d *digestFile) signed() string {
	previous := d.PreviousSignature
	if previous == "" {
		previous = "null"
	}
	return strings.Join([]string{d.EndText, d.Bucket + "/" + d.Object, hex.EncodeToString(d.hash[:]), previous}, "\n")
}

// verify checks the signature with a public key, PKCS #1 in DER as ListPublicKeys gives it.
func (d *digestFile) verify(key []byte) error {
	public, err := x509.ParsePKCS1PublicKey(key)
	if err != nil {
		return fmt.Errorf("the public key %s cannot be read: %w", d.Fingerprint, err)
	}
	signature, err := hex.DecodeString(d.signature)
	if err != nil {
		return fmt.Errorf("the signature is not hexadecimal: %w", err)
	}
	sum := sha256.Sum256([]byte(d.signed()))
	return rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], signature)
}
