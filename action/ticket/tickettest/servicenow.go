package tickettest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// Table is the one of tickets that the ServiceNow has.
const Table = "incident"

// ServiceNow is a stand-in for ServiceNow's Table API with the table incident
// (https://www.servicenow.com/docs/bundle/zurich-api-reference/page/integrate/inbound-rest/concept/c_TableAPI.html).
type ServiceNow struct{ server }

// NewServiceNow starts one that ends with the test.
func NewServiceNow(t *testing.T) *ServiceNow {
	t.Helper()
	s := &ServiceNow{}
	mux := http.NewServeMux()
	for pattern, handle := range map[string]http.HandlerFunc{
		"GET /api/now/table/{table}":        s.query,
		"POST /api/now/table/{table}":       s.create,
		"PATCH /api/now/table/{table}/{id}": s.update,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			switch table := r.PathValue("table"); {
			case !authenticated(r):
				s.refuse(w, http.StatusUnauthorized, "User Not Authenticated", "Required to provide Auth information")
			case table != Table && (table != "sys_journal_field" || r.Method != http.MethodGet):
				s.refuse(w, http.StatusBadRequest, "Invalid table "+table, "")
			default:
				handle(w, r)
			}
		})
	}
	s.serve(t, mux)
	return s
}

func (s *ServiceNow) refuse(w http.ResponseWriter, status int, message, detail string) {
	s.answer(w, status, map[string]any{"error": map[string]string{"message": message, "detail": detail}, "status": "failure"})
}

func sysID(n int) string { return fmt.Sprintf("%032x", 0xa5d0+n) }

// row is a record with the fields that the query asks for.
func row(r *http.Request, record map[string]string) map[string]string {
	asked := r.URL.Query().Get("sysparm_fields")
	if asked == "" {
		return record
	}
	short := map[string]string{}
	for _, name := range strings.Split(asked, ",") {
		if value, there := record[name]; there {
			short[name] = value
		}
	}
	return short
}

// record is a ticket as the API shows it.
func (t Ticket) record(n int) map[string]string {
	record := map[string]string{"close_code": "", "close_notes": ""}
	for name, value := range t.Fields {
		record[name] = value
	}
	record["sys_id"], record["number"], record["state"] = sysID(n), t.Key, t.State
	return record
}

// query reads an encoded query: conditions joined by ^, of which this stand-in knows = and LIKE.
func (s *ServiceNow) query(w http.ResponseWriter, r *http.Request) {
	var records []map[string]string
	for n, t := range s.seen() {
		if r.PathValue("table") == Table {
			records = append(records, t.record(n))
			continue
		}
		for _, text := range t.Comments {
			records = append(records, map[string]string{"element_id": sysID(n), "element": "work_notes", "value": text})
		}
	}
	result := []map[string]string{}
	for _, record := range records {
		if matches(r.URL.Query().Get("sysparm_query"), record) {
			result = append(result, row(r, record))
		}
	}
	if r.URL.Query().Get("sysparm_limit") == "1" && len(result) > 1 {
		result = result[:1]
	}
	s.answer(w, http.StatusOK, map[string]any{"result": result})
}

func matches(query string, record map[string]string) bool {
	for _, condition := range strings.Split(query, "^") {
		name, value, equal := strings.Cut(condition, "=")
		part, like, within := strings.Cut(condition, "LIKE")
		switch {
		case strings.HasPrefix(condition, "ORDERBY"):
		case equal && record[name] != value, !equal && within && !strings.Contains(record[part], like), !equal && !within:
			return false
		}
	}
	return true
}

func (s *ServiceNow) body(w http.ResponseWriter, r *http.Request) map[string]string {
	var in map[string]any
	if r.Header.Get("Content-Type") != "application/json" || json.NewDecoder(r.Body).Decode(&in) != nil {
		s.refuse(w, http.StatusBadRequest, "Exception while reading request", "The payload is not valid JSON.")
		return nil
	}
	members := map[string]string{}
	for name, value := range in {
		members[name] = fmt.Sprint(value)
	}
	return members
}

// create takes what it knows and leaves out the rest without a word, as ServiceNow does.
func (s *ServiceNow) create(w http.ResponseWriter, r *http.Request) {
	in := s.body(w, r)
	if in == nil {
		return
	}
	if in["short_description"] == "" {
		s.refuse(w, http.StatusForbidden, "Operation Failed", "Data Policy Exception: The following fields are mandatory: Short description")
		return
	}
	s.write()
	t := Ticket{Key: fmt.Sprintf("INC%07d", 10001+len(s.tickets)), Title: in["short_description"], Text: in["description"], State: "1",
		Labels: []string{in["correlation_id"]}, Fields: in}
	s.tickets = append(s.tickets, t)
	s.answer(w, http.StatusCreated, map[string]any{"result": row(r, t.record(len(s.tickets)-1))})
}

func (s *ServiceNow) update(w http.ResponseWriter, r *http.Request) {
	in := s.body(w, r)
	if in == nil {
		return
	}
	n := slices.IndexFunc(s.tickets, func(t Ticket) bool {
		return sysID(slices.IndexFunc(s.tickets, func(o Ticket) bool { return o.Key == t.Key })) == r.PathValue("id")
	})
	if n < 0 {
		s.refuse(w, http.StatusNotFound, "No Record found", "Record doesn't exist or ACL restricts the record retrieval")
		return
	}
	t := &s.tickets[n]
	switch to := in["state"]; {
	case t.State == "7" && to != "" && to != "7":
		s.refuse(w, http.StatusForbidden, "Operation Failed", "Operation against file 'incident' was aborted by Business Rule: closed incidents can't be reopened")
		return
	case (to == "6" || to == "7") && (in["close_code"] == "" || in["close_notes"] == ""):
		s.refuse(w, http.StatusForbidden, "Operation Failed", "Data Policy Exception: The following fields are mandatory: Resolution notes, Resolution code")
		return
	}
	s.write()
	if note := in["work_notes"]; note != "" {
		t.Comments = append(t.Comments, note)
	}
	delete(in, "work_notes")
	if to, given := in["state"]; given {
		t.State = to
	}
	for name, value := range in {
		t.Fields[name] = value
	}
	s.answer(w, http.StatusOK, map[string]any{"result": row(r, t.record(n))})
}
