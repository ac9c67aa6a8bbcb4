package digest

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"

	"riposte.dev/fault"
)

func pack(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const first = `{"digestStartTime":"2026-03-01T12:00:00Z","digestEndTime":"2026-03-01T13:00:00Z","digestS3Bucket":"b","digestS3Object":"o",` +
	`"digestPublicKeyFingerprint":"f","previousDigestS3Object":null,"previousDigestSignature":null,"logFiles":[]}`

func TestSignedText(t *testing.T) {
	d, err := parse(pack(t, first))
	if err != nil {
		t.Fatal(err)
	}
	// printf %s "$first" | sha256sum
	want := "2026-03-01T13:00:00Z\nb/o\n2917544768b1d09c44571eae2c2f7730599051bfe334e1bfad68c875d593f939\nnull"
	if got := d.signed(); got != want || !d.first() {
		t.Errorf("signed is %q, want %q", got, want)
	}
}

func TestParseRefusals(t *testing.T) {
	for name, packed := range map[string][]byte{
		"no gzip": []byte(first), "cut": pack(t, first)[:40], "no JSON": pack(t, "x"), "no times": pack(t, `{"digestS3Bucket":"b"}`),
		"a bomb": pack(t, strings.Repeat(" ", maxDigest+1)),
	} {
		if d, err := parse(packed); err == nil {
			t.Errorf("%s is read as %+v", name, d)
		}
	}
	d := &digestFile{signature: "00"}
	if err := d.verify([]byte("no key")); err == nil {
		t.Error("a key that is none verified something")
	}
}

func TestKeys(t *testing.T) {
	name, err := parseTrail("arn:aws:cloudtrail:us-east-1:111122223333:trail/my_trail-1")
	if err != nil {
		t.Fatal(err)
	}
	l := layout{trail: name, account: "111122223333", root: "AWSLogs/"}
	const folder = "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/03/01/"
	tests := []struct {
		key                string
		ok, ours, backfill bool
	}{
		{"111122223333_CloudTrail-Digest_eu-west-1_my_trail-1_us-east-1_20260301T130000Z.json.gz", true, true, false},
		{"111122223333_CloudTrail-Digest_eu-west-1_my_trail-1_us-east-1_20260301T130000Z_backfill.json.gz", true, true, true},
		{"111122223333_CloudTrail-Digest_eu-west-1_other_us-east-1_20260301T130000Z.json.gz", true, false, false},
		{"111122223333_CloudTrail-Digest_eu-west-1_my_trail-1_us-east-1_now.json.gz", false, false, false},
		{"notes.txt", false, false, false},
	}
	for _, tt := range tests {
		k, ok := l.parseDigestKey("eu-west-1", folder+tt.key)
		if ok != tt.ok || k.ours != tt.ours || k.backfill != tt.backfill {
			t.Errorf("%s is read as %+v, %t", tt.key, k, ok)
		}
	}
	if at, ok := l.parseFileKey("eu-west-1", "x/111122223333_CloudTrail_eu-west-1_20260301T1305Z_AbC.json.gz"); !ok || at.Minute() != 5 {
		t.Errorf("a log file's key is read as %s, %t", at, ok)
	}
	if _, err := parseTrail("main"); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("error is %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(pack(f, first))
	f.Add([]byte("x"))
	f.Fuzz(func(t *testing.T, packed []byte) {
		if d, err := parse(packed); err == nil && (d.end.IsZero() || strings.Count(d.signed(), "\n") < 3) {
			t.Errorf("read as %+v", d)
		}
	})
}
