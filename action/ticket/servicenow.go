package ticket

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"riposte.dev/fault"
)

// serviceNow speaks ServiceNow's Table API.
type serviceNow struct{ *client }

var _ desk = (*serviceNow)(nil)

const (
	nowTitle   = 160   // characters of a short description
	nowText    = 4_000 // characters of a description or comment
	nowMembers = "sys_id,number,state,close_code,close_notes"
)

func (s *serviceNow) base() *client { return s.client }

// record is what riposte reads of one.
type record struct {
	SysID      string `json:"sys_id"`
	Number     string `json:"number"`
	State      string `json:"state"`
	CloseCode  string `json:"close_code"`
	CloseNotes string `json:"close_notes"`
}

func (s *serviceNow) found(r record) *found {
	return &found{key: r.Number, id: r.SysID, url: s.browse(r.SysID), name: r.State, fresh: r.State == "1", closed: slices.Contains(s.config.ClosedStates, r.State),
		state: fields{"state": r.State, "close_code": r.CloseCode, "close_notes": r.CloseNotes}}
}

func (s *serviceNow) browse(id string) string {
	return strings.TrimSuffix(s.config.URL, "/") + "/nav_to.do?uri=" + url.QueryEscape(s.config.Table+".do?sys_id="+id)
}

func (s *serviceNow) path(id string, query url.Values) string {
	path := "/api/now/table/" + s.config.Table
	if id != "" {
		path += "/" + id
	}
	query.Set("sysparm_exclude_reference_link", "true")
	return path + "?" + query.Encode()
}

// query returns the first record for which the encoded query holds, nil where there is none.
func (s *serviceNow) query(ctx context.Context, condition string) (*found, error) {
	var out struct{ Result []record }
	path := s.path("", url.Values{"sysparm_query": {condition + "^ORDERBYsys_created_on"}, "sysparm_limit": {"1"}, "sysparm_fields": {nowMembers}})
	if err := s.read(ctx, path, &out); err != nil || len(out.Result) == 0 {
		return nil, err
	}
	return s.found(out.Result[0]), nil
}

func (s *serviceNow) find(ctx context.Context, label string) (*found, error) {
	return s.query(ctx, "correlation_id="+label)
}

// number is that of a record; nothing else of it may get into an encoded query.
var number = regexp.MustCompile(`^[A-Z]{2,10}[0-9]{3,20}$`)

func (s *serviceNow) get(ctx context.Context, key string) (*found, error) {
	if !number.MatchString(key) {
		return nil, fault.New(fault.Invalid, "%q is no number of a record", key).WithHint("give one such as INC0010042")
	}
	t, err := s.query(ctx, "number="+key)
	if err == nil && t == nil {
		return nil, fault.New(fault.NotFound, "there is no %s in table %s of %s", key, s.config.Table, s.what()).WithHint("its user may not see it, or it is in another table")
	}
	return t, err
}

// urgencies are urgency and impact for the severities, from which ServiceNow makes the priority.
var urgencies = map[string][2]string{"CRITICAL": {"1", "1"}, "HIGH": {"1", "2"}, "MEDIUM": {"2", "2"}, "LOW": {"3", "3"}, "INFORMATIONAL": {"3", "3"}}

func (s *serviceNow) opening(d draft) (request, error) {
	members := map[string]any{}
	if u, known := urgencies[d.severity]; known {
		members["urgency"], members["impact"] = u[0], u[1]
	}
	for name, value := range s.config.Fields {
		members[name] = value
	}
	members["short_description"] = line(d.title, nowTitle)
	members["description"] = clean(d.text, nowText)
	members["correlation_id"], members["correlation_display"] = d.label, "riposte"
	return s.request("CreateRecord", http.MethodPost, s.path("", url.Values{"sysparm_fields": {nowMembers}}), members)
}

func (s *serviceNow) opened(answer []byte) (key, address string) {
	var out struct{ Result record }
	if json.Unmarshal(answer, &out) != nil || out.Result.Number == "" {
		return "", ""
	}
	return out.Result.Number, s.browse(out.Result.SysID)
}

// said looks into the journal, which is a table of its own.
func (s *serviceNow) said(ctx context.Context, t *found, mark string) (bool, error) {
	var out struct{ Result []struct{ Value string } }
	query := url.Values{"sysparm_query": {"element_id=" + t.id + "^element=work_notes^valueLIKE" + mark}, "sysparm_limit": {"1"}, "sysparm_fields": {"value"}}
	err := s.read(ctx, "/api/now/table/sys_journal_field?"+query.Encode(), &out)
	return len(out.Result) > 0, err
}

// commenting writes a work note: comments of ServiceNow go to the customer.
func (s *serviceNow) commenting(t *found, text string) (request, error) {
	return s.update(t, map[string]string{"work_notes": clean(text, nowText)})
}

func (s *serviceNow) update(t *found, members map[string]string) (request, error) {
	return s.request("UpdateRecord", http.MethodPatch, s.path(t.id, url.Values{"sysparm_fields": {nowMembers}}), members)
}

func (s *serviceNow) closing(_ context.Context, t *found, text string) ([]request, fields, string, error) {
	after := fields{"state": s.config.CloseStatus, "close_code": s.config.CloseCode, "close_notes": clean(text, nowText)}
	call, err := s.update(t, after)
	return []request{call}, after, "", err
}

func (s *serviceNow) reopening(_ context.Context, t *found, to fields, text string) ([]request, string, error) {
	members := map[string]string{"work_notes": clean(text, nowText)}
	for name, value := range to {
		members[name] = value
	}
	call, err := s.update(t, members)
	return []request{call}, "", err
}

// probe reads the table, and the journal in which comments are found again.
func (s *serviceNow) probe(ctx context.Context) error {
	if _, err := s.find(ctx, labelOf("riposte doctor")); err != nil {
		return err
	}
	_, err := s.said(ctx, &found{id: strings.Repeat("0", 32)}, labelOf("riposte doctor"))
	return err
}
