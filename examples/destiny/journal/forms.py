from django import forms

from journal.models import EXTENSIONS, Upload


class UploadForm(forms.ModelForm):
    class Meta:
        model = Upload
        fields = ("file", "note")
        widgets = {
            "file": forms.FileInput(attrs={"accept": ",".join(f".{kind}" for kind in EXTENSIONS)}),
            "note": forms.TextInput(attrs={"placeholder": "A word about it (optional)", "autocomplete": "off"}),
        }
