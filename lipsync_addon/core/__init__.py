"""The words of the domain and all arithmetic. Imports numpy and the standard library only."""
