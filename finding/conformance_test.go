//go:build conformance

package finding_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"riposte.dev/conf"
	"riposte.dev/finding"
)

// sharedData is where the third-party samples are: RIPOSTE_SHARED_DATA, else beside the checkout.
func sharedData(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("RIPOSTE_SHARED_DATA")
	if dir == "" {
		dir = "../../shared/data"
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("the samples are not there: %v; set RIPOSTE_SHARED_DATA to the folder that holds asff/", err)
	}
	return path
}

// invalidSamples are the samples that Security Hub would refuse too, with the members that are wrong. They are excerpts
// or made by hand; the blank texts are empty strings where the API model wants at least one character.
var invalidSamples = map[string][]string{
	"s62": {"GeneratorId"},
	"s71": {"Resources[0].Details.Other.Version"},
	"s83": {"Description"},
	"s84": {"Description", "Resources[0].Details.Other.Version"},
	"s85": {"Description", "Resources[0].Details.Other.Version"},
	"s89": {
		`ProductFields["aws/guardduty/service/action/awsApiCallAction/remoteIpDetails/city/cityName"]`,
		`ProductFields["aws/guardduty/service/additionalInfo/value"]`,
	},
}

func TestConformanceSamples(t *testing.T) {
	file, err := os.Open(sharedData(t, "asff/samples.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	n := 0
	for ; lines.Scan(); n++ {
		var sample struct {
			ID      string          `json:"id"`
			Finding json.RawMessage `json:"finding"`
		}
		if err := json.Unmarshal(lines.Bytes(), &sample); err != nil {
			t.Fatal(err)
		}
		var problems conf.Problems
		var paths []string
		if err := finding.ValidateJSON(sample.Finding); err != nil && !errors.As(err, &problems) {
			t.Errorf("%s: %v", sample.ID, err)
		}
		for _, p := range problems {
			paths = append(paths, p.Path)
		}
		if !slices.Equal(paths, invalidSamples[sample.ID]) {
			t.Errorf("%s: %v\nproblems at %q, want %q", sample.ID, problems, paths, invalidSamples[sample.ID])
		}
		f, err := finding.Parse(sample.Finding)
		if err != nil {
			t.Errorf("%s: %v", sample.ID, err)
			continue
		}
		written, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := withoutBlanks(canonical(t, written)), withoutBlanks(canonical(t, sample.Finding)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: lost something:\n%s\n%s", sample.ID, sample.Finding, written)
		}
	}
	if err := lines.Err(); err != nil || n < 80 {
		t.Fatalf("%d samples, error %v", n, err)
	}
	t.Logf("%d samples, %d of them named as invalid", n, len(invalidSamples))
}

// withoutBlanks takes away members that are empty texts, which no valid finding has.
func withoutBlanks(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if member == "" {
				delete(v, name)
			} else {
				v[name] = withoutBlanks(member)
			}
		}
	case []any:
		for i := range v {
			v[i] = withoutBlanks(v[i])
		}
	}
	return v
}

// TestConformanceSchemaAgrees holds the embedded schema, made from Debian's API model, to one made from a newer model: what both
// know must be the same. The newer one knows more; it leaves out the ranges of numbers.
func TestConformanceSchemaAgrees(t *testing.T) {
	ours, theirs := definitions(t, "schema/asff.json"), definitions(t, sharedData(t, "asff/asff.schema.json"))
	maps.Copy(ours, definitions(t, "schema/details.json"))
	for name, our := range ours {
		their, ok := theirs[name]
		if !ok {
			t.Errorf("%s is in the embedded schema only", name)
			continue
		}
		if our.Type != their.Type || !slices.Equal(sorted(our.Required), sorted(their.Required)) || !slices.Equal(sorted(our.Enum), sorted(their.Enum)) ||
			our.Items != their.Items || our.Additional != their.Additional || our.Pattern != java.Replace(their.Pattern) {
			t.Errorf("%s differs:\n%+v\n%+v", name, our, their)
		}
		for member, ref := range our.Properties {
			if their.Properties[member] != ref {
				t.Errorf("%s.%s is %s, want %s", name, member, ref.Ref, their.Properties[member].Ref)
			}
		}
	}
	t.Logf("%d definitions agree; the newer model has %d", len(ours), len(theirs))
}

type reference struct {
	Ref string `json:"$ref"`
}

type definition struct {
	Type       string               `json:"type"`
	Properties map[string]reference `json:"properties"`
	Required   []string             `json:"required"`
	Enum       []string             `json:"enum"`
	Pattern    string               `json:"pattern"`
	Items      reference            `json:"items"`
	Additional reference            `json:"additionalProperties"`
}

// java spells the escapes of AWS's patterns as Go's regular expressions do.
var java = strings.NewReplacer(`\u0009`, `\x{0009}`, `\u000A`, `\x{000A}`, `\u000D`, `\x{000D}`, `\u0020`, `\x{0020}`,
	`\u007E`, `\x{007E}`, `\u00A1`, `\x{00A1}`, `\u00FF`, `\x{00FF}`)

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

func definitions(t *testing.T, path string) map[string]definition {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Defs map[string]definition `json:"$defs"`
	}
	if err := json.Unmarshal(raw, &schema); err != nil {
		t.Fatal(err)
	}
	return schema.Defs
}
