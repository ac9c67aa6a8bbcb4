package finding_test

import (
	"encoding/json"
	"errors"
	"testing"

	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/finding"
)

func newHub() (*finding.Hub, *memory) {
	m := newMemory()
	return finding.NewHub(finding.Options{Store: m, Now: clock}), m
}

func upsert(t testing.TB, h *finding.Hub, change string) finding.Result {
	t.Helper()
	r, err := h.Upsert(t.Context(), variant(t, change))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const (
	later  = `"UpdatedAt": "2026-03-22T14:00:00Z"`
	latest = `"UpdatedAt": "2026-03-22T15:00:00Z"`
)

func TestUpsertFillsInWhatSecurityHubFillsIn(t *testing.T) {
	h, _ := newHub()
	r := upsert(t, h, ``)
	f := r.Finding
	if r.Outcome != finding.Created || r.Generation != 0 {
		t.Errorf("result %+v", r)
	}
	if f.Region != "eu-west-1" || f.RecordState != finding.Active || f.Workflow.Status != finding.StatusNew || *f.Severity.Normalized != 1 ||
		f.FindingProviderFields.Severity.Label != finding.Low || f.FindingProviderFields.Types[0] != "TTPs/Discovery" {
		t.Errorf("finding %+v", f)
	}
	if id := f.ProductFields["aws/securityhub/FindingId"]; id != f.ProductArn+"/i-1" {
		t.Errorf("FindingId %s", id)
	}
}

func TestUpsertIsIdempotentAndOrdersByUpdatedAt(t *testing.T) {
	h, m := newHub()
	for _, c := range []struct {
		change string
		want   finding.Outcome
	}{
		{``, finding.Created}, {``, finding.Unchanged}, {later + `|"Title": "two"`, finding.Updated},
		{`"Title": "old"`, finding.Unchanged}, {later, finding.Unchanged},
		{`"UpdatedAt": "2026-03-22T15:30:00+01:00"|"Title": "three"`, finding.Updated}, // 14:30 UTC
	} {
		if r := upsert(t, h, c.change); r.Outcome != c.want {
			t.Errorf("%s: %s, want %s", c.change, r.Outcome, c.want)
		}
	}
	if len(m.outbox) != 3 {
		t.Errorf("%d events, want one a change", len(m.outbox))
	}
	if r, _ := h.Get(t.Context(), variant(t, ``).Key()); r.Finding.Title != "three" || r.Version != 3 {
		t.Errorf("kept %+v", r)
	}
}

func TestUpsertRefusesAnInvalidFinding(t *testing.T) {
	h, m := newHub()
	if _, err := h.Upsert(t.Context(), variant(t, `"Resources": null`)); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("error %v", err)
	}
	if len(m.records)+len(m.outbox) != 0 {
		t.Error("half of it was kept")
	}
}

func TestUpsertTakesWhatAWSItselfSends(t *testing.T) {
	for name, c := range map[string]struct {
		change string
		code   fault.Code
	}{
		"GuardDuty's blank fields":         {`"ProductFields": {"aws/guardduty/service/additionalInfo/value": ""}`, ""},
		"a blank detail":                   {`"Resources": [{"Type": "Other", "Id": "r", "Details": {"Other": {"Version": ""}}}]`, ""},
		"a partition of tomorrow":          {`"Resources": [{"Type": "Other", "Id": "r", "Partition": "aws-moon"}]`, ""},
		"a severity that nobody has":       {`"Severity": {"Label": "SEVERE"}`, fault.Invalid},
		"a record state of nobody":         {`"RecordState": "GONE"`, fault.Invalid},
		"a blank note, which says nothing": {`"Note": {"Text": " ", "UpdatedBy": "a", "UpdatedAt": "2026-03-22T14:00:00Z"}`, fault.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			h, _ := newHub()
			if _, err := h.Upsert(t.Context(), variant(t, c.change)); fault.CodeOf(err) != c.code {
				t.Errorf("error %v, want code %q", err, c.code)
			}
			if err := finding.Validate(variant(t, c.change)); fault.CodeOf(err) != fault.Invalid {
				t.Errorf("BatchImportFindings would refuse it: %v", err)
			}
		})
	}
}

func TestUpsertLeavesTheCustomersWordAlone(t *testing.T) {
	h, _ := newHub()
	key := upsert(t, h, ``).Finding.Key()
	_, err := h.Update(t.Context(), key, finding.Update{
		Workflow: finding.StatusNotified, Severity: finding.Critical, Note: "calling them", By: "ana",
		VerificationState: "TRUE_POSITIVE", UserDefinedFields: map[string]string{"ticket": "1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	f := upsert(t, h, later+`|"Workflow": {"Status": "NEW"}|"Severity": {"Label": "MEDIUM"}|"Types": ["Effects"]|
		"Note": {"Text": "mine", "UpdatedBy": "p", "UpdatedAt": "2026-03-22T14:00:00Z"}|"UserDefinedFields": {"x": "y"}`).Finding
	if f.Workflow.Status != finding.StatusNotified || f.Note.Text != "calling them" || f.Note.UpdatedAt != "2026-03-22T12:00:00.000Z" ||
		f.UserDefinedFields["ticket"] != "1" || f.VerificationState != "TRUE_POSITIVE" || f.Severity.Label != finding.Critical {
		t.Errorf("overwritten: %+v", f)
	}
	if f.FindingProviderFields.Severity.Label != finding.Medium || f.Types[0] != "Effects" {
		t.Errorf("the provider's own values are not kept: %+v %v", f.FindingProviderFields, f.Types)
	}
}

func TestUpsertReopens(t *testing.T) {
	for name, c := range map[string]struct {
		before, after string
		workflow      finding.WorkflowStatus // set by the customer in between
		want          finding.Outcome
		status        finding.WorkflowStatus
	}{
		"an archived one is active":   {`"RecordState": "ARCHIVED"`, `"RecordState": "ACTIVE"`, finding.StatusResolved, finding.Reopened, finding.StatusNew},
		"archived, active by default": {`"RecordState": "ARCHIVED"`, ``, "", finding.Reopened, finding.StatusNew},
		"a passed check fails":        {`"Compliance": {"Status": "PASSED"}`, `"Compliance": {"Status": "FAILED"}`, finding.StatusResolved, finding.Reopened, finding.StatusNew},
		"it was active and resolved":  {``, `"RecordState": "ACTIVE"`, finding.StatusResolved, finding.Updated, finding.StatusResolved},
		"it is being archived":        {``, `"RecordState": "ARCHIVED"`, finding.StatusNotified, finding.Updated, finding.StatusNotified},
		"a suppressed one stays so":   {`"RecordState": "ARCHIVED"`, ``, finding.StatusSuppressed, finding.Updated, finding.StatusSuppressed},
		"failed checks, archived":     {`"Compliance": {"Status": "PASSED"}`, `"RecordState": "ARCHIVED"|"Compliance": {"Status": "FAILED"}`, "", finding.Updated, finding.StatusNew},
		"a check still passes":        {`"Compliance": {"Status": "PASSED"}`, `"Compliance": {"Status": "PASSED"}`, "", finding.Updated, finding.StatusNew},
	} {
		t.Run(name, func(t *testing.T) {
			h, _ := newHub()
			key := upsert(t, h, c.before+"|"+later).Finding.Key()
			if c.workflow != "" {
				if _, err := h.Update(t.Context(), key, finding.Update{Workflow: c.workflow}); err != nil {
					t.Fatal(err)
				}
			}
			r := upsert(t, h, c.after+"|"+latest)
			if r.Outcome != c.want || r.Finding.Workflow.Status != c.status {
				t.Errorf("%s and %s, want %s and %s", r.Outcome, r.Finding.Workflow.Status, c.want, c.status)
			}
			generation := ""
			if c.want == finding.Reopened {
				generation = "1"
			}
			if got := r.Finding.ProductFields[event.GenerationField]; got != generation {
				t.Errorf("generation %q, want %q", got, generation)
			}
		})
	}
}

func TestUpsertResolvesAPassedControl(t *testing.T) {
	h, _ := newHub()
	control := `"ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/securityhub"|`
	upsert(t, h, control+`"Compliance": {"Status": "FAILED"}`)
	if r := upsert(t, h, control+`"Compliance": {"Status": "PASSED"}|`+later); r.Finding.Workflow.Status != finding.StatusResolved {
		t.Errorf("status %s", r.Finding.Workflow.Status)
	}
}

func TestUpsertKeepsWhereItCameFrom(t *testing.T) {
	h, _ := newHub()
	upsert(t, h, `"ProductFields": {"riposte/RootCause": "cloudtrail-1"}|"FirstObservedAt": "2026-03-01T00:00:00Z"`)
	f := upsert(t, h, later+`|"CreatedAt": "2026-03-22T13:59:00Z"`).Finding
	if f.ProductFields[event.RootCauseField] != "cloudtrail-1" || f.CreatedAt != "2026-03-22T13:22:13Z" || f.FirstObservedAt != "2026-03-01T00:00:00Z" {
		t.Errorf("finding %+v", f)
	}
}

func TestEventIsWhatSecurityHubSends(t *testing.T) {
	h, m := newHub()
	key := upsert(t, h, ``).Finding.Key()
	first, err := event.Parse(m.outbox[0].Event)
	if err != nil {
		t.Fatal(err)
	}
	if first.Source != "aws.securityhub" || first.DetailType != event.FindingsImported || first.Account != "111122223333" ||
		first.Region != "eu-west-1" || !first.Time.Equal(noon) || len(first.Resources) != 1 || first.Resources[0] != key.ARN() {
		t.Errorf("envelope %+v", first)
	}
	var detail struct {
		Findings []finding.Finding `json:"findings"`
	}
	if err := json.Unmarshal(first.Detail, &detail); err != nil || len(detail.Findings) != 1 || detail.Findings[0].ID != "i-1" {
		t.Errorf("detail %s: %v", first.Detail, err)
	}
	if _, err := h.Update(t.Context(), key, finding.Update{Note: "n", By: "ana"}); err != nil {
		t.Fatal(err)
	}
	second, _ := event.Parse(m.outbox[1].Event)
	if second.ID == first.ID {
		t.Error("another change has the same event id")
	}
	if second.Cause() != first.Cause() {
		t.Errorf("a note made a new cause: %s, %s", first.Cause(), second.Cause())
	}
	upsert(t, h, later+`|"RecordState": "ARCHIVED"`)
	upsert(t, h, latest)
	if reopened, _ := event.Parse(m.outbox[3].Event); reopened.Cause() == first.Cause() {
		t.Error("a reopened finding has the old cause")
	}
}

func TestUpdate(t *testing.T) {
	h, m := newHub()
	key := upsert(t, h, ``).Finding.Key()
	r, err := h.Update(t.Context(), key, finding.Update{Workflow: finding.StatusResolved})
	if err != nil || r.Finding.Workflow.Status != finding.StatusResolved || r.Finding.UpdatedAt != "2026-03-22T13:22:13Z" || r.Version != 2 {
		t.Errorf("record %+v, error %v", r, err)
	}
	if r, err = h.Update(t.Context(), key, finding.Update{Workflow: finding.StatusResolved}); err != nil || r.Version != 2 || len(m.outbox) != 2 {
		t.Errorf("the same again: version %d, %d events, error %v", r.Version, len(m.outbox), err)
	}
	if _, err := h.Update(t.Context(), key, finding.Update{Workflow: "DONE"}); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("no such status: %v", err)
	}
	if _, err := h.Update(t.Context(), key, finding.Update{Note: "n"}); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("a note of nobody: %v", err)
	}
	if _, err := h.Update(t.Context(), finding.Key{ProductArn: key.ProductArn, ID: "none"}, finding.Update{}); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("no such finding: %v", err)
	}
}

func TestUpsertPassesOnTheStoresError(t *testing.T) {
	h, m := newHub()
	full := fault.New(fault.Unavailable, "disk is full")
	m.fail(full)
	if _, err := h.Upsert(t.Context(), variant(t, ``)); !errors.Is(err, full) || fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("error %v", err)
	}
}

func TestLabels(t *testing.T) {
	for n, want := range map[int]finding.Label{0: finding.Informational, 1: finding.Low, 39: finding.Low, 40: finding.Medium, 69: finding.Medium,
		70: finding.High, 89: finding.High, 90: finding.Critical, 100: finding.Critical} {
		if got := finding.LabelOf(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
		if finding.LabelOf(want.Normalized()) != want {
			t.Errorf("%s is not its own lowest value", want)
		}
	}
}
