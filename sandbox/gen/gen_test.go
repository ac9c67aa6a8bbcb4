package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"riposte.dev/sandbox/wire"
)

const tinyModel = `{
  "metadata": {"apiVersion":"2020-01-01","endpointPrefix":"tiny","protocol":"rest-xml","jsonVersion":"1.1","signingName":"small"},
  "operations": {
    "GetThing": {"name":"GetThing","http":{"method":"GET","requestUri":"/{Id}?thing","responseCode":202},
      "input":{"shape":"GetThingRequest"},"output":{"shape":"Thing"},"errors":[{"shape":"NoThing"}],"documentation":"<p>prose</p>"},
    "PutThing": {"name":"PutThing","http":{"method":"PUT","requestUri":"/{Id}"},"input":{"shape":"Unreached"}}
  },
  "shapes": {
    "GetThingRequest": {"type":"structure","required":["Id"],"members":{"Id":{"shape":"Id","location":"uri","locationName":"Id","documentation":"x"}}},
    "Id": {"type":"string","min":1,"max":9,"pattern":"[\\u0041-\\u005A]+"},
    "Late": {"type":"string","pattern":"(?!x)y"},
    "Thing": {"type":"structure","members":{"Zed":{"shape":"Late"},"Alpha":{"shape":"Things","xmlNamespace":"http://x"}}},
    "Things": {"type":"list","member":{"shape":"Thing","locationName":"T"},"flattened":true},
    "NoThing": {"type":"structure","members":{},"exception":true,"error":{"code":"Gone","httpStatusCode":410}},
    "Unreached": {"type":"structure","members":{}}
  }
}`

func TestReduce(t *testing.T) {
	text, err := reduce("tiny", []byte(tinyModel), []string{"GetThing"})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "prose") || strings.Contains(string(text), "Unreached") {
		t.Errorf("too much was kept: %s", text)
	}
	m, err := wire.ParseModel(text)
	if err != nil {
		t.Fatal(err)
	}
	op := m.Operations["GetThing"]
	if op.URI != "/{Id}?thing" || op.Status != 202 || m.SigningName() != "small" {
		t.Errorf("operation is %+v of %s", op, m.SigningName())
	}
	if len(m.Others) != 1 || m.Others[0].Name != "PutThing" {
		t.Errorf("others are %+v", m.Others)
	}
	out := op.Output.Type()
	if out.Members[0].Name != "Zed" || out.Members[1].Name != "Alpha" || out.Members[1].XMLNamespace != "http://x" || !out.Members[1].Type().Flattened {
		t.Errorf("members lost their order or traits: %+v", out.Members)
	}
	if p := m.Shapes["Id"].Pattern; p != `[\x{0041}-\x{005A}]+` {
		t.Errorf("pattern is %q", p)
	}
	if p := m.Shapes["Late"].Pattern; p != "" {
		t.Errorf("a pattern that RE2 hasn't was kept: %q", p)
	}
	if e := m.Shapes["NoThing"].Exception; e == nil || e.Code != "Gone" || e.Status != 410 {
		t.Errorf("exception is %+v", e)
	}
}

func TestReduceRefusesUnknownOperation(t *testing.T) {
	if _, err := reduce("tiny", []byte(tinyModel), []string{"GetThnig"}); err == nil || !strings.Contains(err.Error(), "GetThnig") {
		t.Errorf("error is %v", err)
	}
}

func TestParseList(t *testing.T) {
	got, err := parseList("# comment\n\nsts: GetCallerIdentity AssumeRole # more\nsts: GetSessionToken\nec2: CreateVpc\n")
	if err != nil || strings.Join(got["sts"], ",") != "GetCallerIdentity,AssumeRole,GetSessionToken" || len(got["ec2"]) != 1 {
		t.Errorf("list is %v, %v", got, err)
	}
	if _, err := parseList("a: B\nc D\n"); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("error is %v", err)
	}
}

func TestRun(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return p
	}
	write("data/tiny/2019-01-01/service-2.json", "{}")
	write("data/tiny/2020-01-01/service-2.json", tinyModel)
	list := write("operations.txt", "tiny: GetThing\n")
	if err := run(filepath.Join(dir, "data"), list, dir); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "tiny.json"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := wire.ParseModel(text); err != nil {
		t.Error(err)
	}
	missing := write("missing.txt", "huge: X\n")
	if err := run(filepath.Join(dir, "data"), missing, dir); err == nil || !strings.Contains(err.Error(), "python3-botocore") {
		t.Errorf("error is %v", err)
	}
}

func TestNewerOperationsFillGaps(t *testing.T) {
	const old = `{"metadata": {"protocol":"ec2"}, "operations": {"GetImageBlockPublicAccessState": {"name":"GetImageBlockPublicAccessState","input":{"shape":"Boolean"}}},
  "shapes": {"Boolean": {"type":"boolean"}, "String": {"type":"string"}}}`
	text, err := reduce("ec2", []byte(old), []string{"GetImageBlockPublicAccessState", "EnableImageBlockPublicAccess"})
	if err != nil {
		t.Fatal(err)
	}
	m, err := wire.ParseModel(text)
	if err != nil {
		t.Fatal(err)
	}
	if in := m.Operations["GetImageBlockPublicAccessState"].Input; in == nil || in.Shape != "Boolean" {
		t.Errorf("what the model has was replaced by %+v", in)
	}
	if in := m.Operations["EnableImageBlockPublicAccess"].Input.Type(); in.MemberNamed("ImageBlockPublicAccessState").Type().Enum[0] != "block-new-sharing" {
		t.Errorf("input is %+v", in)
	}
}
