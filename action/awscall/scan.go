package awscall

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/action"
	"riposte.dev/fault"
)

// ScanParams name an instance to scan, and since when a scan is recent enough.
type ScanParams struct {
	Instance string `json:"instance_id"`
	Since    string `json:"since"`
}

// ScanSchema is the JSON Schema of [ScanParams].
const ScanSchema = `{"type": "object", "additionalProperties": false, "required": ["instance_id", "since"], "properties": {
  ` + InstanceSchema + `,
  "since": {"type": "string", "format": "date-time", "description": "a scan that was started since then is enough; give the time of the event, such as 2024-05-01T12:00:00Z"}}}`

// skew is by how much AWS's clocks may be ahead of ours.
const skew = 5 * time.Minute

// Find returns the instance as [Instance] does, with the time, to the second, in its name: [ScanOf] takes it out again.
func (p ScanParams) Find(ctx context.Context, cfg aws.Config, req action.Request, now time.Time) ([]action.Resource, error) {
	since, err := time.Parse(time.RFC3339, p.Since)
	switch {
	case err != nil:
		return nil, fault.New(fault.Invalid, "since %.40q is no time", p.Since).WithHint("give the time of the event: 2024-05-01T12:00:00Z")
	case since.After(now.Add(skew)):
		return nil, fault.New(fault.Invalid, "since %s is still to come", p.Since).WithHint("give the time of the event")
	}
	r, err := Instance(ctx, cfg, req, p.Instance)
	r.Name += " " + since.UTC().Format(time.RFC3339)
	return []action.Resource{r}, err
}

// ScanOf returns what [ScanParams.Find] put into a resource's name.
func ScanOf(r action.Resource) (instance string, since time.Time, err error) {
	instance, text, _ := strings.Cut(r.Name, " ")
	since, err = time.Parse(time.RFC3339, text)
	return instance, since, err
}
