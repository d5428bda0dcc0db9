package proxy_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/proxy"
)

// crowd opens n exchanges of as many sessions, which stay open until the benchmark ends.
func crowd(b *testing.B, n int) (*bed, *proxy.Exchanges) {
	var open *proxy.Exchanges
	bed := newBed(b, options{backend: "http://127.0.0.1:1", handler: func(o *proxy.Options) {
		open = proxy.NewExchanges(proxy.ExchangesOptions{Replica: o.Replica, Now: o.Now})
		o.Exchanges, o.CacheSize = open, 4*n
	}})
	end := make(chan struct{})
	var begun, over sync.WaitGroup
	proxy.Carried(bed.up, func(http.ResponseWriter, *http.Request) { begun.Done(); <-end })
	for range n {
		begun.Add(1)
		r := bed.request("/x", bed.alice())
		over.Go(func() { bed.handler.ServeHTTP(httptest.NewRecorder(), r) })
	}
	begun.Wait()
	b.Cleanup(func() { close(end); over.Wait() })
	return bed, open
}

// What an edge with 10,000 open exchanges does four times a second when nothing has changed, once in two seconds because time
// goes on, and when the log has changed.
func BenchmarkOpenExchanges(b *testing.B) {
	const n = 10_000
	bed, open := crowd(b, n)
	b.Run("nothing new", func(b *testing.B) {
		proxy.Look(open)
		for b.Loop() {
			proxy.Look(open)
		}
	})
	b.Run("time goes on", func(b *testing.B) {
		for b.Loop() {
			bed.clock.advance(2 * time.Second)
			proxy.Look(open)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/exchange")
	})
	bed.clock.advance(-bed.clock.now().Sub(noon))
	b.Run("a changed log", func(b *testing.B) {
		for b.Loop() {
			bed.log.version.Add(1)
			proxy.Look(open)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/exchange")
	})
	if got := open.Open(proxy.Other); got != n {
		b.Fatal(fmt.Sprint(got, " are open"))
	}
}

// What being on the list costs an exchange that is over at once.
func BenchmarkShortExchange(b *testing.B) {
	bed := newBed(b, options{backend: "http://127.0.0.1:1"})
	proxy.Carried(bed.up, func(http.ResponseWriter, *http.Request) {})
	r, w := bed.request("/x", bed.alice()), httptest.NewRecorder()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			bed.handler.ServeHTTP(w, r)
		}
	})
}
