package cli

import (
	"bytes"
	"strings"
	"testing"
)

func TestVerifyTrail(t *testing.T) {
	c := newCloudAccount(t, "audit")
	run := func(args ...string) (int, string, string) {
		var out, errs bytes.Buffer
		code := Execute(t.Context(), c.deps(nil), append([]string{"verify-trail"}, args...), nil, &out, &errs)
		return code, out.String(), errs.String()
	}
	const arn = "arn:aws:cloudtrail:us-east-1:111122223333:trail/audit"
	code, out, errs := run(arn)
	if code != exitFailed || !strings.Contains(out, "COULD NOT BE CHECKED (1)") || !strings.Contains(out, "--enable-log-file-validation") || !strings.Contains(errs, "0 digests") {
		t.Errorf("a trail without digests: exit %d\n%s\n%s", code, out, errs)
	}
	code, out, _ = run(arn, "-o", "ndjson")
	if code != exitFailed || strings.Count(out, "\n") != 1 || !strings.Contains(out, `"wrong":[],"unchecked":[{"kind":"unjudged"`) {
		t.Errorf("exit %d\n%s", code, out)
	}
	tests := []struct {
		args []string
		code int
		say  string
	}{
		{[]string{"audit"}, exitFailed, "is no ARN of a trail"},
		{[]string{strings.Replace(arn, "audit", "none", 1)}, exitFailed, "there is no trail"},
		{[]string{arn, "--since", "1d", "--until", "2d"}, exitUsage, "is not before --until"},
		{[]string{arn, "--prefix", "x"}, exitUsage, "--prefix goes with --bucket"},
		{[]string{arn, "--until", "soon"}, exitUsage, "write 7d"},
		{nil, exitUsage, "it takes TRAIL-ARN"},
	}
	for _, tt := range tests {
		if code, _, errs := run(tt.args...); code != tt.code || !strings.Contains(errs, tt.say) {
			t.Errorf("%v: exit %d, %s", tt.args, code, errs)
		}
	}
}
