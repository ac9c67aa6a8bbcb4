package cli

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"riposte.dev/audit"
	"riposte.dev/store"
)

var auditNoon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// audited makes a data folder on which no riposte runs, with three records.
func audited(t *testing.T) (data string, records []audit.Record) {
	t.Helper()
	data = t.TempDir()
	s, err := store.Open(t.Context(), store.Options{Path: filepath.Join(data, "riposte.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for n, kind := range []audit.Kind{audit.Pause, audit.Call, audit.Call} {
		_, err := s.Audit.Append(t.Context(), audit.Entry{Time: auditNoon.Add(time.Duration(n) * time.Hour), Kind: kind, Actor: "ana", Text: "<" + string(kind) + "> & more."})
		if err != nil {
			t.Fatal(err)
		}
	}
	for r, err := range s.Audit.Since(t.Context(), time.Time{}) {
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	return data, records
}

func export(records []audit.Record) string {
	var out bytes.Buffer
	for _, r := range records {
		out.Write(append(r.Encode(), '\n'))
	}
	return out.String()
}

func TestAuditWithoutARiposteThatRuns(t *testing.T) {
	data, records := audited(t)
	head := records[2].Head().String()
	file := filepath.Join(t.TempDir(), "audit.ndjson")
	for _, tt := range []struct {
		args     string
		code     int
		out, err string
	}{
		{"audit list --kind call --limit 1", exitOK, "<call> & more.", "--after 3"},
		{"audit list --until 2026-11-21T12:30:00Z -o ndjson", exitOK, string(records[0].Encode()) + "\n", "its database is used"},
		{"audit list --kind wrong", exitOK, "no audit records", ""}, // only a server knows all kinds
		{"audit verify", exitOK, "3 records fit, from 2026-11-21T12:00:00Z to 2026-11-21T14:00:00Z\nthe chain is whole; its head is\n" + head, ""},
		{"audit verify --head " + head + " --head " + records[0].Head().String(), exitOK, "known heads that are there: 2", ""},
		{"audit verify --head 2:" + records[0].Hash, exitFailed, "broken at record 2: it has the hash", ""},
		{"audit verify --head 9:" + records[0].Hash, exitFailed, "broken at record 9: record 9 was kept elsewhere", ""},
		{"audit verify --head 9", exitUsage, "", "no head of an audit record"},
		{"audit verify --file " + file, exitFailed, "", "no such file"},
		{"audit export " + file, exitOK, "", "3 records, head " + head},
		{"audit export " + file, exitFailed, "", "file exists"},
		{"audit export - --since 2026-11-21T13:00:00Z", exitOK, export(records[1:]), "2 records, head " + head},
		{"audit export - --since soon", exitUsage, "", "is no time"},
		{"audit verify --file " + file + " -o json", exitOK, `"records": 3`, ""},
	} {
		code, out, errs := execute(t, data, "", strings.Fields(tt.args)...)
		if code != tt.code || !strings.Contains(out, tt.out) || !strings.Contains(errs, tt.err) {
			t.Errorf("%s: exit code %d\n%s\n%s", tt.args, code, out, errs)
		}
	}
	if raw, err := os.ReadFile(file); err != nil || string(raw) != export(records) {
		t.Errorf("exported %s, %v", raw, err)
	}
	for input, want := range map[string]string{
		export(records[1:]): "it begins at record 2; what is before is not checked",
		strings.Replace(export(records), `"actor":"ana"`, `"actor":"ben"`, 1): "broken at record 1: what it says is not what its hash was made of",
		"{}\n": "broken at record 1: line 1: it is not spelled",
		"":     "there are no records",
	} {
		if code, out, errs := execute(t, data, input, "audit", "verify", "--file", "-"); code != exitOK && !strings.Contains(want, "broken") || !strings.Contains(out, want) {
			t.Errorf("%q: exit code %d, %s%s; want %q", input, code, out, errs, want)
		}
	}
}

func TestAuditOfARunningRiposte(t *testing.T) {
	_, records := audited(t)
	answer := export(records)
	cut := false
	data := folder(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/v1/audit":
			_ = json.NewEncoder(w).Encode(records)
		case "/api/v1/audit/export":
			_, _ = w.Write([]byte(answer))
			if cut {
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			}
		}
	})
	if code, out, errs := execute(t, data, "", "audit", "verify"); code != exitOK || !strings.Contains(out, records[2].Hash) || strings.Contains(errs, "database") {
		t.Errorf("exit code %d\n%s\n%s", code, out, errs)
	}
	answer += `{"code":"invalid","message":"record 4 is stored damaged"}` + "\n"
	if code, out, _ := execute(t, data, "", "audit", "verify"); code != exitFailed || !strings.Contains(out, "broken at record 4") {
		t.Errorf("exit code %d\n%s", code, out)
	}
	file := filepath.Join(t.TempDir(), "audit.ndjson")
	if code, _, errs := execute(t, data, "", "audit", "export", file); code != exitFailed || !strings.Contains(errs, "broken at record 4") {
		t.Errorf("exit code %d\n%s", code, errs)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("what is broken is left behind")
	}
	answer, cut = export(records[:2]), true
	for _, args := range [][]string{{"audit", "verify"}, {"audit", "export", "-"}} {
		if code, _, errs := execute(t, data, "", args...); code != exitFailed || !strings.Contains(errs, "the export broke off") {
			t.Errorf("%s: a part passes for the whole: exit code %d\n%s", args, code, errs)
		}
	}
}
