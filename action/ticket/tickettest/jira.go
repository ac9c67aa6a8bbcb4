package tickettest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Project is the one that the Jira has.
const Project = "SEC"

// Jira is a stand-in for Jira Cloud with one project (https://developer.atlassian.com/cloud/jira/platform/rest/v3/).
type Jira struct {
	server
	// Ways are the statuses that each status leads to; change them before the first call.
	Ways map[string][]string
	// Refused are permissions that the user does not have.
	Refused []string
}

// categories of the statuses.
var categories = map[string]string{"To Do": "new", "In Progress": "indeterminate", "Done": "done", "Won't Do": "done"}

// NewJira starts one that ends with the test. Its workflow leads from every status to every other.
func NewJira(t *testing.T) *Jira {
	t.Helper()
	j := &Jira{Ways: map[string][]string{"To Do": {"In Progress", "Done"}, "In Progress": {"To Do", "Done"}, "Done": {"To Do", "In Progress"}}}
	mux := http.NewServeMux()
	for pattern, handle := range map[string]http.HandlerFunc{
		"POST /rest/api/3/issue":                   j.create,
		"POST /rest/api/3/search/jql":              j.search,
		"GET /rest/api/3/issue/{key}":              j.get,
		"GET /rest/api/3/issue/{key}/comment":      j.comments,
		"POST /rest/api/3/issue/{key}/comment":     j.comment,
		"GET /rest/api/3/issue/{key}/transitions":  j.transitions,
		"POST /rest/api/3/issue/{key}/transitions": j.transition,
		"GET /rest/api/3/mypermissions":            j.permissions,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if !authenticated(r) {
				j.refuse(w, http.StatusUnauthorized, "Client must be authenticated to access this resource.")
				return
			}
			handle(w, r)
		})
	}
	j.serve(t, mux)
	return j
}

func (j *Jira) refuse(w http.ResponseWriter, status int, messages ...string) {
	j.answer(w, status, map[string]any{"errorMessages": messages, "errors": map[string]string{}})
}

func (j *Jira) invalid(w http.ResponseWriter, errors map[string]string) {
	j.answer(w, http.StatusBadRequest, map[string]any{"errorMessages": []string{}, "errors": errors})
}

// body reads the request strictly, as Jira does.
func (j *Jira) body(w http.ResponseWriter, r *http.Request, into any) bool {
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	if r.Header.Get("Content-Type") != "application/json" || dec.Decode(into) != nil {
		j.refuse(w, http.StatusBadRequest, "Invalid request payload. Refer to the REST API documentation and try again.")
		return false
	}
	return true
}

func (j *Jira) create(w http.ResponseWriter, r *http.Request) {
	var in struct{ Fields map[string]json.RawMessage }
	if !j.body(w, r, &in) {
		return
	}
	var f struct {
		Project   struct{ Key string }
		IssueType struct{ Name string }
		Summary   string
		Labels    []string
	}
	whole, err := json.Marshal(in.Fields)
	if err != nil || json.Unmarshal(whole, &f) != nil {
		j.refuse(w, http.StatusBadRequest, "Invalid request payload. Refer to the REST API documentation and try again.")
		return
	}
	wrong := map[string]string{}
	switch {
	case f.Project.Key != Project:
		wrong["project"] = "valid project is required"
	case f.IssueType.Name != "Task" && f.IssueType.Name != "Incident":
		wrong["issuetype"] = "Specify a valid issue type"
	}
	switch {
	case strings.TrimSpace(f.Summary) == "":
		wrong["summary"] = "You must specify a summary of the issue."
	case strings.ContainsAny(f.Summary, "\r\n"):
		wrong["summary"] = "The summary is invalid because it contains newline characters."
	case len([]rune(f.Summary)) > 255:
		wrong["summary"] = "Summary must be less than 255 characters."
	}
	for _, label := range f.Labels {
		if strings.ContainsAny(label, " \t") || len(label) > 255 {
			wrong["labels"] = fmt.Sprintf("The label '%s' contains spaces which is invalid.", label)
		}
	}
	text, ok := document(in.Fields["description"])
	if !ok {
		wrong["description"] = "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
	}
	for name := range in.Fields {
		if !slices.Contains([]string{"project", "issuetype", "summary", "description", "labels", "components", "priority"}, name) {
			wrong[name] = fmt.Sprintf("Field '%s' cannot be set. It is not on the appropriate screen, or unknown.", name)
		}
	}
	if len(wrong) > 0 {
		j.invalid(w, wrong)
		return
	}
	j.write()
	key := fmt.Sprintf("%s-%d", Project, len(j.server.tickets)+1)
	j.server.tickets = append(j.server.tickets, Ticket{Key: key, Title: f.Summary, Text: text, State: "To Do", Labels: f.Labels})
	id := fmt.Sprint(10000 + len(j.server.tickets))
	j.answer(w, http.StatusCreated, map[string]string{"id": id, "key": key, "self": j.URL + "/rest/api/3/issue/" + id})
}

// document reads text out of the Atlassian Document Format; an empty text node is an error there.
func document(raw json.RawMessage) (text string, ok bool) {
	if raw == nil {
		return "", true
	}
	var doc struct {
		Type    string
		Version int
		Content []struct {
			Type    string
			Content []struct{ Type, Text string }
		}
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if dec.Decode(&doc) != nil || doc.Type != "doc" || doc.Version != 1 {
		return "", false
	}
	var lines []string
	for _, block := range doc.Content {
		line := ""
		for _, node := range block.Content {
			if block.Type != "paragraph" || node.Type != "text" || node.Text == "" {
				return "", false
			}
			line += node.Text
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n"), true
}

func (j *Jira) shown(t Ticket) map[string]any {
	return map[string]any{"expand": "", "id": "1" + strings.TrimPrefix(t.Key, Project+"-"), "key": t.Key, "self": j.URL + "/rest/api/3/issue/" + t.Key,
		"fields": map[string]any{"status": map[string]any{"name": t.State, "id": "1", "statusCategory": map[string]any{"key": categories[t.State]}}}}
}

var jql = regexp.MustCompile(`^project = "([A-Z]+)" AND labels = "([^"\s]+)" ORDER BY created ASC$`)

func (j *Jira) search(w http.ResponseWriter, r *http.Request) {
	var in struct {
		JQL           string   `json:"jql"`
		Fields        []string `json:"fields"`
		MaxResults    int      `json:"maxResults"`
		NextPageToken string   `json:"nextPageToken"`
		Expand        string   `json:"expand"`
	}
	if !j.body(w, r, &in) {
		return
	}
	asked := jql.FindStringSubmatch(in.JQL)
	switch {
	case asked == nil:
		j.refuse(w, http.StatusBadRequest, "Error in the JQL Query: this stand-in reads only what riposte asks.")
		return
	case asked[1] != Project:
		j.refuse(w, http.StatusBadRequest, fmt.Sprintf("The value '%s' does not exist for the field 'project'.", asked[1]))
		return
	}
	issues := []any{}
	for _, t := range j.seen() {
		if slices.Contains(t.Labels, asked[2]) && len(issues) < in.MaxResults {
			issues = append(issues, j.shown(t))
		}
	}
	j.answer(w, http.StatusOK, map[string]any{"issues": issues, "isLast": true})
}

// issue finds what the path names, as a read or a write sees it.
func (j *Jira) issue(w http.ResponseWriter, r *http.Request) *Ticket {
	tickets := j.server.tickets
	if r.Method == http.MethodGet {
		tickets = j.seen()
	}
	for i := range tickets {
		if tickets[i].Key == r.PathValue("key") {
			return &tickets[i]
		}
	}
	j.refuse(w, http.StatusNotFound, "Issue does not exist or you do not have permission to see it.")
	return nil
}

func (j *Jira) get(w http.ResponseWriter, r *http.Request) {
	if t := j.issue(w, r); t != nil {
		j.answer(w, http.StatusOK, j.shown(*t))
	}
}

func (j *Jira) comments(w http.ResponseWriter, r *http.Request) {
	t := j.issue(w, r)
	if t == nil {
		return
	}
	comments := []any{}
	for i, text := range slices.Backward(t.Comments) {
		body := map[string]any{"type": "doc", "version": 1, "content": []any{map[string]any{"type": "paragraph", "content": []any{map[string]string{"type": "text", "text": text}}}}}
		comments = append(comments, map[string]any{"id": fmt.Sprint(i), "body": body})
	}
	j.answer(w, http.StatusOK, map[string]any{"startAt": 0, "maxResults": 100, "total": len(comments), "comments": comments})
}

func (j *Jira) comment(w http.ResponseWriter, r *http.Request) {
	var in struct{ Body json.RawMessage }
	t := j.issue(w, r)
	if t == nil || !j.body(w, r, &in) {
		return
	}
	text, ok := document(in.Body)
	if !ok || text == "" {
		j.invalid(w, map[string]string{"comment": "Comment body can not be empty!"})
		return
	}
	j.write()
	t.Comments = append(t.Comments, text)
	j.answer(w, http.StatusCreated, map[string]any{"id": fmt.Sprint(len(t.Comments)), "body": in.Body})
}

func (j *Jira) transitions(w http.ResponseWriter, r *http.Request) {
	t := j.issue(w, r)
	if t == nil {
		return
	}
	ways := []any{}
	for _, to := range j.Ways[t.State] {
		ways = append(ways, map[string]any{"id": wayID(to), "name": to, "isAvailable": true, "to": map[string]any{"name": to, "statusCategory": map[string]any{"key": categories[to]}}})
	}
	j.answer(w, http.StatusOK, map[string]any{"expand": "transitions", "transitions": ways})
}

// wayID is the id of the transition to a status.
func wayID(to string) string {
	return map[string]string{"To Do": "11", "In Progress": "21", "Done": "31", "Won't Do": "41"}[to]
}

func (j *Jira) transition(w http.ResponseWriter, r *http.Request) {
	var in struct{ Transition struct{ ID string } }
	t := j.issue(w, r)
	if t == nil || !j.body(w, r, &in) {
		return
	}
	for _, to := range j.Ways[t.State] {
		if wayID(to) == in.Transition.ID {
			j.write()
			t.State = to
			j.answer(w, http.StatusNoContent, nil)
			return
		}
	}
	j.invalid(w, map[string]string{"transition": fmt.Sprintf("Transition id '%s' is not valid for this issue.", in.Transition.ID)})
}

func (j *Jira) permissions(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("projectKey") != Project {
		j.refuse(w, http.StatusNotFound, fmt.Sprintf("No project could be found with key '%s'.", r.URL.Query().Get("projectKey")))
		return
	}
	have := map[string]any{}
	for _, name := range strings.Split(r.URL.Query().Get("permissions"), ",") {
		have[name] = map[string]any{"key": name, "havePermission": !slices.Contains(j.Refused, name)}
	}
	j.answer(w, http.StatusOK, map[string]any{"permissions": have})
}
