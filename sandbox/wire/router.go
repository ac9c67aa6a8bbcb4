package wire

import (
	"net/http"
	"net/url"
	"sort"
	"strings"
)

// router finds the operation of a REST request: its method, its path and the
// query keys that are part of the operation's address ("?acl").
type router struct{ routes []route }

type route struct {
	op       *Operation // nil when the operation is not answered
	name     string
	method   string
	segments []string // "{Bucket}", "{Key+}", literal
	query    [][2]string
}

func newRouter(m *Model) *router {
	r := &router{}
	add := func(op *Operation, answered bool) {
		path, query, _ := strings.Cut(op.URI, "?")
		rt := route{name: op.Name, method: op.Method, segments: segments(path)}
		if answered {
			rt.op = op
		}
		for _, q := range strings.FieldsFunc(query, func(c rune) bool { return c == '&' }) {
			k, v, _ := strings.Cut(q, "=")
			rt.query = append(rt.query, [2]string{k, v})
		}
		r.routes = append(r.routes, rt)
	}
	for _, op := range m.Operations {
		add(op, true)
	}
	for _, op := range m.Others {
		add(op, false)
	}
	// The most specific address first; of equals, the answered one, then by name.
	sort.Slice(r.routes, func(i, j int) bool {
		a, b := r.routes[i], r.routes[j]
		if a.weight() != b.weight() {
			return a.weight() > b.weight()
		}
		if (a.op != nil) != (b.op != nil) {
			return a.op != nil
		}
		return a.name < b.name
	})
	return r
}

func segments(path string) []string {
	path = strings.Trim(path, "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

func (rt route) weight() int {
	w := 4 * len(rt.query)
	for _, s := range rt.segments {
		if !strings.HasPrefix(s, "{") {
			w++
		}
	}
	return w
}

// match finds the operation for a request; op is nil and name is set when the
// operation exists but is not answered; both are empty when nothing matches.
func (r *router) match(req *http.Request, path string) (op *Operation, name string, labels map[string]string) {
	q := req.URL.Query()
	copying := req.Header.Get("X-Amz-Copy-Source") != ""
	for _, rt := range r.routes {
		// Copies differ from uploads by a header alone.
		if rt.method != req.Method || copying && rt.name == "PutObject" {
			continue
		}
		if labels, ok := rt.matchPath(path); ok && rt.matchQuery(q) {
			return rt.op, rt.name, labels
		}
	}
	return nil, "", nil
}

func (rt route) matchQuery(q url.Values) bool {
	for _, kv := range rt.query {
		if !q.Has(kv[0]) || kv[1] != "" && q.Get(kv[0]) != kv[1] {
			return false
		}
	}
	return true
}

func (rt route) matchPath(path string) (map[string]string, bool) {
	rest := strings.TrimPrefix(path, "/")
	labels := map[string]string{}
	for i, s := range rt.segments {
		if rest == "" {
			return nil, false
		}
		if name, ok := strings.CutSuffix(s, "+}"); ok {
			v, err := url.PathUnescape(rest)
			labels[name[1:]] = v
			return labels, err == nil
		}
		part, after, more := strings.Cut(rest, "/")
		if i == len(rt.segments)-1 && more && after != "" {
			return nil, false
		}
		rest = after
		if !strings.HasPrefix(s, "{") {
			if s != part {
				return nil, false
			}
			continue
		}
		v, err := url.PathUnescape(part)
		if err != nil || v == "" {
			return nil, false
		}
		labels[s[1:len(s)-1]] = v
	}
	return labels, rest == ""
}
