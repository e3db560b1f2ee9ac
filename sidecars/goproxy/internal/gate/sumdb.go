package gate

import (
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Sumdb is the mirror of the checksum database; nil when GOSUMDB is off, without an address when it has nothing and nobody to ask.
type Sumdb struct {
	Name, Address string
	Client        *http.Client
}

// NewSumdb for a mirror that listens on a loopback address.
func NewSumdb(name, address string) *Sumdb {
	transport := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute, DisableCompression: true,
	}
	return &Sumdb{Name: name, Address: address, Client: &http.Client{Transport: transport, Timeout: 2 * time.Minute}}
}

func (s *Sumdb) serve(g *Gate, w *counter, r *http.Request) {
	rest := strings.TrimPrefix(r.URL.Path, "/sumdb/")
	if s == nil {
		g.fail(w, http.StatusNotFound, "not found: this proxy serves no checksum database: GOSUMDB is off")
		return
	}
	rest, found := strings.CutPrefix(rest, s.Name+"/")
	if !found {
		g.fail(w, http.StatusNotFound, "not found: this proxy serves only the checksum database "+s.Name)
		return
	}
	if rest == "supported" {
		w.WriteHeader(http.StatusOK)
		return
	}
	if len(rest) > maxPath || strings.Contains(rest, "..") || strings.Contains(rest, "//") || strings.ContainsFunc(rest, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		g.fail(w, http.StatusBadRequest, "not a path of the checksum database")
		return
	}
	if s.Address == "" {
		g.fail(w, http.StatusNotFound, "not found: this workstation has no checksum data and nobody to ask for it.\n"+
			"Bring a bundle that has it (./workstation up --bundle FILE), or set GONOSUMDB for modules that need no check")
		return
	}
	request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, "http://"+s.Address, nil)
	if err != nil {
		g.fail(w, http.StatusInternalServerError, err.Error())
		return
	}
	request.URL = &url.URL{Scheme: "http", Host: s.Address, Path: "/sumdb/" + s.Name + "/" + rest}
	response, err := s.Client.Do(request)
	if err != nil {
		g.fail(w, http.StatusBadGateway, "the mirror of the checksum database does not answer: "+err.Error())
		return
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text := make([]byte, 4<<10)
		n, _ := readFull(response.Body, text)
		g.fail(w, response.StatusCode, strings.TrimSpace(string(text[:n])))
		return
	}
	for _, name := range []string{"Content-Type", "Content-Length"} {
		if value := response.Header.Get(name); value != "" {
			w.Header().Set(name, value)
		}
	}
	if strings.HasPrefix(rest, "tile/") {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		w.pieces(response.Body, 0, g.Log)
	}
}
