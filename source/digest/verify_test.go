package digest_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/fault"
	"riposte.dev/sandbox"
	"riposte.dev/source/digest"
)

func kinds(problems []digest.Problem) string {
	var list []string
	for _, p := range problems {
		list = append(list, string(p.Kind))
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// Five hours of digests in one region, and what somebody does to them.
func TestVerify(t *testing.T) {
	type files struct{ digests, logs []string }
	tests := []struct {
		name                    string
		do                      func(w *world, f files)
		wrong, unchecked, notes string
		key                     func(f files) string // of the first thing wrong
	}{
		{"nothing", func(*world, files) {}, "", "", "", nil},
		{"a log file is changed", func(w *world, f files) { w.put(f.logs[1], pack([]byte(`{"Records":[]}`)), nil) }, "file-altered", "", "", func(f files) string { return f.logs[1] }},
		{"a log file is no gzip file", func(w *world, f files) { w.put(f.logs[1], []byte("{}"), nil) }, "file-altered", "", "", func(f files) string { return f.logs[1] }},
		{"a log file is cut", func(w *world, f files) { w.put(f.logs[1], pack([]byte(strings.Repeat("x", 100)))[:20], nil) }, "file-altered", "", "", func(f files) string { return f.logs[1] }},
		{"a log file is removed", func(w *world, f files) { w.remove(f.logs[2]) }, "file-missing", "", "", func(f files) string { return f.logs[2] }},
		{"a log file is added", func(w *world, f files) { w.logFile(region, w.start.Add(2*time.Hour), "forged") }, "file-unnamed", "", "", nil},
		{"a digest is removed", func(w *world, f files) { w.remove(f.digests[2]) }, "digest-missing", "unjudged", "", func(f files) string { return f.digests[2] }},
		{"two digests in a row are removed", func(w *world, f files) { w.remove(f.digests[2]); w.remove(f.digests[1]) }, "digest-missing", "unjudged", "", func(f files) string { return f.digests[2] }},
		{"the oldest digest is removed", func(w *world, f files) { w.remove(f.digests[0]) }, "digest-missing", "", "", func(f files) string { return f.digests[0] }},
		{"a digest is replaced", func(w *world, f files) {
			w.put(f.digests[2], pack([]byte(`{"digestEndTime":"nonsense"}`)), map[string]string{"signature": "00"})
		}, "digest-altered", "unjudged", "", func(f files) string { return f.digests[2] }},
		{"a digest loses its signature", func(w *world, f files) { w.put(f.digests[2], w.get(f.digests[2]), nil) }, "digest-altered", "unjudged unjudged", "",
			func(f files) string { return f.digests[2] }},
		{"a digest's content is changed, under its old signature", func(w *world, f files) {
			text := strings.Replace(string(w.unpacked(f.digests[2])), `"hashValue":"`, `"hashValue":"00`, 1)
			w.put(f.digests[2], pack([]byte(text)), map[string]string{"signature": w.signed[f.digests[2]], "signature-algorithm": "SHA256withRSA"})
		}, "digest-altered", "unjudged unjudged", "", func(f files) string { return f.digests[2] }},
		{"a digest is copied to another place", func(w *world, f files) {
			w.previous[region] = f.digests[1]
			w.digest(region, 2, func(says map[string]any) { says["digestS3Object"] = "AWSLogs/elsewhere.json.gz" })
		}, "digest-moved", "unjudged unjudged", "", func(f files) string { return f.digests[2] }},
		{"a digest is signed with another key", func(w *world, f files) {
			w.previous[region] = f.digests[1]
			w.digest(region, 2, func(says map[string]any) { says["digestPublicKeyFingerprint"] = "0123" })
		}, "digest-altered", "unjudged unjudged", "", func(f files) string { return f.digests[2] }},
		{"a digest names other files and is signed anew", func(w *world, f files) {
			w.previous[region] = f.digests[1]
			w.digest(region, 2, func(says map[string]any) { says["logFiles"] = []any{} })
		}, "digest-unlinked", "unjudged", "", func(f files) string { return f.digests[2] }},
		{"a digest is added in between", func(w *world, f files) {
			w.sign(digestKey(region, w.start.Add(150*time.Minute)), map[string]any{
				"digestStartTime": w.start.Format(time.RFC3339), "digestEndTime": w.start.Add(150 * time.Minute).Format(time.RFC3339), "digestS3Bucket": "trail-logs",
				"digestS3Object": digestKey(region, w.start.Add(150*time.Minute)), "digestPublicKeyFingerprint": fingerprint(w.key), "logFiles": []any{},
			})
		}, "digest-unlinked", "", "", nil},
		{"the trail was off for an hour", func(w *world, f files) {
			w.remove(f.digests[2])
			w.previous[region] = ""
			w.digest(region, 3)
			w.digest(region, 4)
		}, "", "", "gap", nil},
		{"the newest digests are removed", func(w *world, f files) {
			w.delivered = w.start.Add(5*time.Hour + 10*time.Minute)
			w.remove(f.digests[4])
			w.remove(f.digests[3])
		}, "digests-stopped", "", "", nil},
		{"everything is removed", func(w *world, f files) {
			w.delivered = w.start.Add(5*time.Hour + 10*time.Minute)
			for _, key := range slices.Concat(f.digests, f.logs) {
				w.remove(key)
			}
		}, "digests-stopped", "", "", nil},
		{"the newest digests are removed, and CloudTrail doesn't tell", func(w *world, f files) {
			w.denied = true
			w.remove(f.digests[4])
			w.remove(f.digests[3])
		}, "", "unjudged", "", nil},
		{"the newest digests are there, and CloudTrail doesn't tell", func(w *world, f files) { w.denied = true }, "", "", "", nil},
		{"the newest digests are there", func(w *world, f files) { w.delivered = w.start.Add(5*time.Hour + 10*time.Minute) }, "", "", "", nil},
		{"one object may not be read", func(w *world, f files) {
			w.box.AddFault(sandbox.Fault{Match: sandbox.Match{Operation: "GetObject", Resource: "file1"}, Error: &sandbox.FaultError{Code: "AccessDenied", Status: 403}})
		}, "", "unreadable", "", nil},
		{"one digest may not be read", func(w *world, f files) {
			w.box.AddFault(sandbox.Fault{Match: sandbox.Match{Operation: "GetObject", Resource: f.digests[1]}, Error: &sandbox.FaultError{Code: "AccessDenied", Status: 403}})
		}, "", "unjudged unreadable", "", nil},
		{"a digest came late", func(w *world, f files) {
			_, file := w.logFile(region, w.start.Add(30*time.Minute), "late")
			key := strings.TrimSuffix(f.digests[1], ".json.gz") + "_backfill.json.gz"
			w.sign(key, map[string]any{
				"digestStartTime": w.start.Format(time.RFC3339), "digestEndTime": w.start.Add(2 * time.Hour).Format(time.RFC3339), "digestS3Bucket": "trail-logs",
				"digestS3Object": key, "digestPublicKeyFingerprint": fingerprint(w.key), "logFiles": []any{file},
			})
		}, "", "", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			var f files
			for hour := range 5 {
				d, log := w.digest(region, hour)
				f.digests, f.logs = append(f.digests, d), append(f.logs, log)
			}
			tt.do(w, f)
			r := w.verify()
			if kinds(r.Wrong) != tt.wrong || kinds(r.Unchecked) != tt.unchecked || kinds(r.Notes) != tt.notes {
				t.Errorf("found %q, %q, %q; want %q, %q, %q\n%+v", kinds(r.Wrong), kinds(r.Unchecked), kinds(r.Notes), tt.wrong, tt.unchecked, tt.notes, r)
			}
			if r.OK() != (tt.wrong == "" && tt.unchecked == "") {
				t.Errorf("OK is %t", r.OK())
			}
			if tt.key != nil && len(r.Wrong) > 0 && r.Wrong[0].Key != "trail-logs/"+tt.key(f) {
				t.Errorf("the problem is with %s, want %s", r.Wrong[0].Key, tt.key(f))
			}
		})
	}
}

func TestVerifyLooksAtEveryRegion(t *testing.T) {
	w := newWorld(t)
	for hour := range 5 {
		w.digest("eu-west-1", hour)
		w.digest("us-east-1", hour)
	}
	w.logFile("sa-east-1", w.start.Add(time.Hour), "unprotected")
	w.put("AWSLogs/"+account+"/CloudTrail-Digest/example.com/x", nil, nil)
	progress := 0
	r := w.verify(func(o *digest.Options) { o.Progress = func(digests, files int) { progress = digests + files } })
	if len(r.Regions) != 17 || slices.Contains(r.Regions, "example.com") || r.Digests != (digest.Count{Checked: 10, Valid: 10}) || r.Files != (digest.Count{Checked: 10, Valid: 10}) || r.Bytes == 0 {
		t.Errorf("report is %+v", r)
	}
	if progress != 20 {
		t.Errorf("progress ended at %d", progress)
	}
	if kinds(r.Unchecked) != "unjudged" || r.Unchecked[0].Region != "sa-east-1" {
		t.Errorf("a region without digests: %+v", r.Unchecked)
	}
	if r := w.verify(func(o *digest.Options) { o.Regions = []string{"us-east-1"} }); !r.OK() || r.Digests.Checked != 5 {
		t.Errorf("one region: %+v", r)
	}
	// Only the time that was asked for.
	r = w.verify(func(o *digest.Options) {
		o.Regions, o.From, o.To = []string{"us-east-1"}, w.start.Add(2*time.Hour), w.start.Add(3*time.Hour)
	})
	if !r.OK() || r.Digests.Checked != 2 {
		t.Errorf("an hour, and the digest after it: %+v", r)
	}
}

func TestVerifyWithoutDigests(t *testing.T) {
	r := newWorld(t).verify()
	if r.OK() || kinds(r.Unchecked) != "unjudged" || !strings.Contains(r.Unchecked[0].Next, "--enable-log-file-validation") {
		t.Errorf("report is %+v", r)
	}
}

func TestVerifyRefusals(t *testing.T) {
	w := newWorld(t)
	w.digest(region, 0)
	tests := []struct {
		name   string
		change func(*digest.Options)
		fault  *sandbox.Fault
		code   fault.Code
		hint   string
	}{
		{"no ARN", func(o *digest.Options) { o.Trail = "main" }, nil, fault.Invalid, "list-trails"},
		{"no such trail", func(o *digest.Options) { o.Trail = strings.Replace(arn, "main", "other", 1) }, nil, fault.NotFound, "--bucket"},
		{"no time", func(o *digest.Options) { o.To = o.From }, nil, fault.Invalid, ""},
		{"somebody else's bucket", func(o *digest.Options) { o.BucketOwner = "999988887777" }, nil, fault.Denied, ""},
		{"the trail may not be seen", func(*digest.Options) {}, &sandbox.Fault{Match: sandbox.Match{Operation: "DescribeTrails"}, Error: &sandbox.FaultError{Code: "AccessDeniedException"}}, fault.Denied, "cloudtrail:DescribeTrails"},
		{"the bucket may not be listed", func(*digest.Options) {}, &sandbox.Fault{Match: sandbox.Match{Operation: "ListObjectsV2"}, Error: &sandbox.FaultError{Code: "AccessDenied", Status: 403}}, fault.Denied, "s3:ListBucket"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.fault != nil {
				defer w.box.AddFault(*tt.fault)()
			}
			o := digest.Options{Trail: arn, Config: w.config, From: w.start, To: w.start.Add(time.Hour), PathStyle: true}
			tt.change(&o)
			_, err := digest.Verify(t.Context(), o)
			if fault.CodeOf(err) != tt.code || !strings.Contains(fault.Hint(err), tt.hint) {
				t.Errorf("error is %v", err)
			}
		})
	}
	// A deleted trail's files can still be verified.
	r := w.verify(func(o *digest.Options) {
		o.Bucket = "trail-logs"
		o.Config = func(region string) aws.Config { return w.config(region) }
	})
	if r.Digests.Valid != 1 {
		t.Errorf("report is %+v", r)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := digest.Verify(ctx, digest.Options{Trail: arn, Config: w.config, From: w.start, To: w.start.Add(time.Hour), Bucket: "trail-logs", PathStyle: true}); err == nil {
		t.Error("an ended context verified something")
	}
}
