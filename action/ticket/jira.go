package ticket

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"riposte.dev/fault"
)

// jira speaks Jira Cloud's REST API, version 3.
type jira struct{ *client }

var _ desk = (*jira)(nil)

const (
	jiraTitle   = 255    // characters of a summary
	jiraText    = 32_000 // characters of a description or comment; Jira takes 32,767
	jiraMembers = "status"
)

func (j *jira) base() *client { return j.client }

// issue is what riposte reads of one.
type issue struct {
	Key    string
	Fields struct {
		Status struct {
			Name           string
			StatusCategory struct{ Key string } // new, indeterminate, done
		}
	}
}

func (j *jira) found(i issue) *found {
	status := i.Fields.Status
	return &found{key: i.Key, id: i.Key, url: j.browse(i.Key), name: status.Name, state: fields{"status": status.Name},
		fresh: status.StatusCategory.Key == "new", closed: status.StatusCategory.Key == "done"}
}

func (j *jira) browse(key string) string {
	return strings.TrimSuffix(j.config.URL, "/") + "/browse/" + key
}

// find searches by the label (https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/).
func (j *jira) find(ctx context.Context, label string) (*found, error) {
	search, err := j.request("SearchIssues", http.MethodPost, "/rest/api/3/search/jql", map[string]any{
		"jql": `project = "` + j.config.Project + `" AND labels = "` + label + `" ORDER BY created ASC`, "fields": []string{jiraMembers}, "maxResults": 1,
	})
	if err != nil {
		return nil, err
	}
	var out struct{ Issues []issue }
	if err := j.ask(ctx, search, &out); err != nil || len(out.Issues) == 0 {
		return nil, err
	}
	return j.found(out.Issues[0]), nil
}

func (j *jira) get(ctx context.Context, key string) (*found, error) {
	number, mine := strings.CutPrefix(key, j.config.Project+"-")
	if !mine || number == "" || strings.Trim(number, "0123456789") != "" {
		return nil, fault.New(fault.Invalid, "%q is no issue of project %s", key, j.config.Project).WithHint("give a key such as %s-7, or name another tracker", j.config.Project)
	}
	var out issue
	if err := j.read(ctx, "/rest/api/3/issue/"+key+"?fields="+jiraMembers, &out); err != nil {
		return nil, err
	}
	return j.found(out), nil
}

func (j *jira) opening(d draft) (request, error) {
	members := map[string]any{}
	for name, value := range j.config.Fields {
		members[name] = value
	}
	labels, _ := members["labels"].([]any)
	members["labels"] = append([]any{"riposte", d.label}, labels...)
	members["project"] = map[string]string{"key": j.config.Project}
	members["issuetype"] = map[string]string{"name": j.config.IssueType}
	members["summary"] = line(d.title, jiraTitle)
	members["description"] = document(clean(d.text, jiraText))
	return j.request("CreateIssue", http.MethodPost, "/rest/api/3/issue", map[string]any{"fields": members})
}

func (j *jira) opened(answer []byte) (key, address string) {
	var out struct{ Key string }
	if json.Unmarshal(answer, &out) != nil || out.Key == "" {
		return "", ""
	}
	return out.Key, j.browse(out.Key)
}

// document is text in the Atlassian Document Format, a paragraph for each line
// (https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/).
func document(text string) map[string]any {
	content := []any{}
	for _, line := range strings.Split(text, "\n") {
		paragraph := map[string]any{"type": "paragraph"}
		if line = strings.TrimSpace(line); line != "" {
			paragraph["content"] = []any{map[string]string{"type": "text", "text": line}}
		}
		content = append(content, paragraph)
	}
	return map[string]any{"type": "doc", "version": 1, "content": content}
}

// said reads the newest hundred comments: what riposte looks for is its own of just before.
func (j *jira) said(ctx context.Context, t *found, mark string) (bool, error) {
	var out struct {
		Comments []struct{ Body json.RawMessage }
	}
	if err := j.read(ctx, "/rest/api/3/issue/"+t.id+"/comment?orderBy=-created&maxResults=100", &out); err != nil {
		return false, err
	}
	for _, comment := range out.Comments {
		if strings.Contains(string(comment.Body), mark) {
			return true, nil
		}
	}
	return false, nil
}

func (j *jira) commenting(t *found, text string) (request, error) {
	return j.request("AddComment", http.MethodPost, "/rest/api/3/issue/"+t.id+"/comment", map[string]any{"body": document(clean(text, jiraText))})
}

// transition is a way from the present status of an issue.
type transition struct {
	ID, Name string
	To       struct {
		Name           string
		StatusCategory struct{ Key string }
	}
}

func (j *jira) transitions(ctx context.Context, t *found) ([]transition, error) {
	var out struct{ Transitions []transition }
	err := j.read(ctx, "/rest/api/3/issue/"+t.id+"/transitions", &out)
	return out.Transitions, err
}

// closing takes the way to the status that the configuration names, else the only one to a status of the category done.
func (j *jira) closing(ctx context.Context, t *found, text string) ([]request, fields, string, error) {
	ways, err := j.transitions(ctx, t)
	if err != nil {
		return nil, nil, "", err
	}
	var done []transition
	var names []string
	for _, way := range ways {
		if way.To.StatusCategory.Key == "done" {
			names = append(names, way.To.Name)
			if j.config.CloseStatus == "" || strings.EqualFold(way.To.Name, j.config.CloseStatus) {
				done = append(done, way)
			}
		}
	}
	switch {
	case len(names) == 0:
		return nil, nil, "No transition closes an issue in status " + t.name + ": move it on by hand.", nil
	case len(done) == 0:
		return nil, nil, "No transition leads to status " + j.config.CloseStatus + " from " + t.name + ", only to " + strings.Join(names, ", ") + ": correct close_status of " + j.what() + ".", nil
	case len(done) > 1 && j.config.CloseStatus == "":
		return nil, nil, "Several transitions close the issue, to " + strings.Join(names, ", ") + ": set close_status of " + j.what() + ".", nil
	}
	calls, err := j.moving(t, done[0], text)
	return calls, fields{"status": done[0].To.Name}, "", err
}

func (j *jira) reopening(ctx context.Context, t *found, to fields, text string) ([]request, string, error) {
	ways, err := j.transitions(ctx, t)
	if err != nil {
		return nil, "", err
	}
	for _, way := range ways {
		if way.To.Name == to["status"] {
			calls, err := j.moving(t, way, text)
			return calls, "", err
		}
	}
	return nil, "No transition leads back to status " + to["status"] + " from " + t.name + ": reopen it by hand.", nil
}

// moving says why, and takes the way. A comment in the transition itself is taken only where its screen has the field.
func (j *jira) moving(t *found, way transition, text string) ([]request, error) {
	move, err := j.request("TransitionIssue", http.MethodPost, "/rest/api/3/issue/"+t.id+"/transitions", map[string]any{"transition": map[string]string{"id": way.ID}})
	if err != nil || text == "" {
		return []request{move}, err
	}
	say, err := j.commenting(t, text)
	return []request{say, move}, err
}

// probe asks whether the token's user may work on the project's issues.
func (j *jira) probe(ctx context.Context) error {
	needed := []string{"BROWSE_PROJECTS", "CREATE_ISSUES", "ADD_COMMENTS", "TRANSITION_ISSUES"}
	var out struct {
		Permissions map[string]struct{ HavePermission bool }
	}
	query := url.Values{"projectKey": {j.config.Project}, "permissions": {strings.Join(needed, ",")}}
	if err := j.read(ctx, "/rest/api/3/mypermissions?"+query.Encode(), &out); err != nil {
		return err
	}
	for _, permission := range needed {
		if !out.Permissions[permission].HavePermission {
			return fault.New(fault.Denied, "%s: %s has not the permission %s in project %s", j.what(), j.config.User, permission, j.config.Project).
				WithHint("give it to the user in the project's permission scheme")
		}
	}
	return nil
}
