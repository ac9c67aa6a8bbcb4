package cli

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"riposte.dev/finding"
)

// execute runs a command line on a data folder.
func execute(t *testing.T, data, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = Execute(t.Context(), referenceDeps, append(args, "--data", data), strings.NewReader(stdin), &out, &errs)
	return code, out.String(), errs.String()
}

func TestFlagsBecomeFilters(t *testing.T) {
	tests := []struct{ args, want string }{
		{"findings list", "limit=100"},
		{"findings list --severity high,low --workflow new --state active --rule r --text a&b", "limit=100&rule=r&severity=HIGH&severity=LOW&state=ACTIVE&text=a%26b&workflow=NEW"},
		{"findings list --min-severity medium --region eu-west-1 --limit 7", "limit=7&region=eu-west-1&severity=CRITICAL&severity=HIGH&severity=MEDIUM"},
		{"findings list --since 2026-03-01 --until 2026-03-02T01:00:00+01:00", "limit=100&since=2026-03-01T00%3A00%3A00Z&until=2026-03-02T00%3A00%3A00Z"},
		{"executions list --status failed --cause c --after e9", "after=e9&cause=c&limit=100&status=FAILED"},
		{"dead-letters --source intake --after 7", "after=7&limit=100&source=intake"},
		{"exceptions list", ""},
		{"exceptions list --all", "all=true"},
	}
	for _, tt := range tests {
		var asked string
		data := folder(t, func(w http.ResponseWriter, r *http.Request) {
			q := r.URL.Query()
			if q.Get("after") == "" {
				q.Del("after")
			}
			asked = q.Encode()
			if strings.HasPrefix(tt.args, "findings") {
				_, _ = w.Write([]byte(`{"Records":[]}`))
			} else {
				_, _ = w.Write([]byte(`[]`))
			}
		})
		if code, out, errs := execute(t, data, "", strings.Fields(tt.args)...); code != exitOK || asked != tt.want || out == "" {
			t.Errorf("%s: asked for %q, want %q; exit code %d, %q, %q", tt.args, asked, tt.want, code, out, errs)
		}
	}
}

func TestPagesAreAskedForUntilThereIsEnough(t *testing.T) {
	numbers := func(n int) func(url.Values) ([]int, string, error) {
		return func(v url.Values) (page []int, last string, err error) {
			first, _ := strconv.Atoi(v.Get("after"))
			limit, _ := strconv.Atoi(v.Get("limit"))
			for i := first + 1; i <= min(first+limit, n); i++ {
				page, last = append(page, i), strconv.Itoa(i)
			}
			return page, last, nil
		}
	}
	tests := []struct {
		limit, there int
		after        string
		got          int
		next         string
	}{
		{10, 0, "", 0, ""}, {10, 3, "", 3, ""}, {10, 10, "", 10, ""}, {10, 11, "", 10, "10"}, {10, 25, "10", 10, "20"}, {10, 25, "20", 5, ""},
		{2500, 3000, "", 2500, "2500"}, {2500, 2500, "", 2500, ""}, {5000, 2000, "", 2000, ""},
	}
	for _, tt := range tests {
		list, next, err := pages(&listQuery{limit: tt.limit, after: tt.after}, time.Now(), numbers(tt.there))
		if err != nil || len(list) != tt.got || next != tt.next || !slices.IsSorted(list) {
			t.Errorf("%d of %d after %q: %d, next %q, error %v", tt.limit, tt.there, tt.after, len(list), next, err)
		}
	}
}

func TestAListSaysThatThereIsMore(t *testing.T) {
	data := folder(t, func(w http.ResponseWriter, _ *http.Request) {
		page := finding.Page{Records: []finding.Record{{Finding: finding.Finding{ID: "f1"}}}, Next: "cursor"}
		_ = json.NewEncoder(w).Encode(page)
	})
	code, out, errs := execute(t, data, "", "findings", "list", "--limit", "1")
	if code != exitOK || strings.Count(out, "f1") != 1 || !strings.Contains(errs, "see the next page with --after cursor") {
		t.Errorf("exit code %d, %q, %q", code, out, errs)
	}
}

func TestFindingsAreUpdatedOneByOne(t *testing.T) {
	var asked []string
	data := folder(t, func(w http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		_, _ = body.ReadFrom(r.Body)
		asked = append(asked, r.Method+" "+r.URL.EscapedPath()+"?"+r.URL.RawQuery+" "+body.String())
		if strings.HasSuffix(r.URL.Path, "gone") {
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"code":"not_found","message":"there is no finding gone"}`))
			return
		}
		_ = json.NewEncoder(w).Encode(finding.Record{Finding: finding.Finding{ID: "a/b", Workflow: &finding.Workflow{Status: "RESOLVED"}}})
	})
	code, out, errs := execute(t, data, "", "findings", "update", "a/b", "gone", "never", "--workflow", "resolved", "--note", "seen", "--product", "arn")
	want := []string{
		`PATCH /api/v1/findings/a%2Fb?product=arn {"workflow":"RESOLVED","note":"seen"}`,
		`PATCH /api/v1/findings/gone?product=arn {"workflow":"RESOLVED","note":"seen"}`,
	}
	if code != exitFailed || !slices.Equal(asked, want) || out != "" || !strings.Contains(errs, "1 of 3 findings were updated") || !strings.Contains(errs, "no finding gone") {
		t.Errorf("exit code %d, %q, %q; asked %q", code, out, errs, asked)
	}
}
